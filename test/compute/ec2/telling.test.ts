/** A machine that was made with others is told whose it is. What happens where it cannot be. */
import { type Ec2World, ec2World, launchNo, machinesIn, names, requestFor, told } from "./ec2-world";

let world: Ec2World;
const open = async (...wishes: Parameters<typeof ec2World>) => (world = await ec2World(...wishes));
afterEach(() => world.close());

const alive = () => [...world.ec2.instances.values()].filter(({ state }) => state === "pending").map(({ id }) => id);

describe("telling machines whose they are", () => {
  it("is made again until EC2 knows them everywhere", async () => {
    await open();
    world.ec2.unseenFor = 2;
    expect(machinesIn(await world.launch("runner10", "runner11"))).toHaveLength(2);
    expect(world.ec2.callsOf("CreateTags")).toHaveLength(3);
  });

  it.each([
    ["UnauthorizedOperation", 403],
    ["TagLimitExceeded", 400],
  ])("refused with %s is misconfigured, and is not made again", async (code, status) => {
    await open();
    world.ec2.next("CreateTags", { kind: "error", code, status });
    const outcomes = await world.launch("runner10", "runner11");
    expect(outcomes).toMatchObject([
      { outcome: "misconfigured", detail: expect.stringContaining(code) as string },
      { outcome: "misconfigured", detail: expect.stringContaining("deploy again") as string },
    ]);
    expect(world.ec2.callsOf("CreateTags")).toHaveLength(1);
  });

  it("refused for some leaves the machines of the other calls to their runners, and ends its own", async () => {
    await open();
    world.ec2.next("CreateTags", { kind: "error", code: "UnauthorizedOperation", status: 403 });
    const outcomes = await world.launch(...names(20));
    expect(machinesIn(outcomes).length).toBeGreaterThanOrEqual(8);
    expect(told(outcomes)).toContain("misconfigured");
    expect(alive().sort()).toEqual(machinesIn(outcomes).sort());
  });

  it.each(["UnauthorizedOperation", "AccessDenied", "TagLimitExceeded"])(
    "refused with %s leaves nothing running that is counted nowhere, however often it is tried",
    async (code) => {
      await open();
      for (let n = 1; n <= 3; n += 1) {
        world.ec2.next("CreateTags", { kind: "error", code, status: 403 });
        const outcomes = await world.compute.launch({ ...requestFor("small", names(10)), ...launchNo(n) });
        expect(new Set(told(outcomes))).toEqual(new Set(["misconfigured"]));
        expect(alive()).toEqual([]);
      }
      expect(world.ec2.callsOf("TerminateInstances")).toHaveLength(3);
    },
  );

  it("refused, with machines that cannot be ended for the moment, throws: the launch stays open, and its machines count", async () => {
    await open();
    const throttled = { kind: "error", code: "RequestLimitExceeded" } as const;
    world.ec2.next("CreateTags", { kind: "error", code: "UnauthorizedOperation", status: 403 });
    world.ec2.next("TerminateInstances", throttled, throttled, throttled);
    await expect(world.launch("runner10", "runner11")).rejects.toThrow("RequestLimitExceeded");
  });

  it("refused, with machines that may not be ended either, is told as what is wrong, and left to the sweep", async () => {
    await open();
    const refused = { kind: "error", code: "UnauthorizedOperation", status: 403 } as const;
    world.ec2.next("CreateTags", refused);
    world.ec2.next("TerminateInstances", refused);
    expect(told(await world.launch("runner10", "runner11"))).toEqual(["misconfigured", "misconfigured"]);
    expect(world.log.lines.at(-1)?.sentence).toBe("machines of nobody could not be ended, the sweep ends them");
  });

  it.each(["RequestLimitExceeded", "InvalidInstanceID.NotFound"])(
    "refused with %s three times throws: it passes, and the launch is repeated",
    async (code) => {
      await open();
      const mishap = { kind: "error", code } as const;
      world.ec2.next("CreateTags", mishap, mishap, mishap);
      await expect(world.launch("runner10", "runner11")).rejects.toThrow(code);
    },
  );
});
