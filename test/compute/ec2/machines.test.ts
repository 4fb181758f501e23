import { type Ec2World, ec2World, requestFor } from "./ec2-world";

let world: Ec2World;
beforeEach(async () => {
  world = await ec2World();
});
afterEach(() => world.close());

const launched = async (...runners: readonly string[]): Promise<string[]> =>
  (await world.launch(...runners)).flatMap((outcome) => (outcome.outcome === "launched" ? [outcome.machine] : []));
const stateOf = (machine: string) => world.ec2.instances.get(machine)?.state;

describe("the end of machines", () => {
  it("is one call for many, and done once they are shutting down", async () => {
    const machines = await launched("runner10", "runner11", "runner12");
    await world.compute.terminate(machines);
    expect(machines.map(stateOf)).toEqual(["shutting-down", "shutting-down", "shutting-down"]);
    expect(world.ec2.callsOf("TerminateInstances")).toHaveLength(1);
    expect(await world.compute.list()).toEqual([]);
  });

  it("does not fail for all because of one that is long gone", async () => {
    const [machine = ""] = await launched("runner10");
    await world.compute.terminate(["i-0123456789abcdef0", machine]);
    expect(stateOf(machine)).toBe("shutting-down");
  });

  it("is asked for again when EC2 does not know the machine yet", async () => {
    const [machine = ""] = await launched("runner10");
    world.ec2.unseenFor = 1;
    await world.compute.terminate([machine]);
    expect(stateOf(machine)).toBe("shutting-down");
  });

  it("is asked for again when it was throttled, and throws in the end", async () => {
    const [machine = ""] = await launched("runner10");
    const throttled = { kind: "error", code: "RequestLimitExceeded" } as const;
    world.ec2.next("TerminateInstances", throttled, throttled);
    await world.compute.terminate([machine]);
    expect(stateOf(machine)).toBe("shutting-down");
    world.ec2.next("TerminateInstances", throttled, throttled, throttled);
    await expect(world.compute.terminate([machine])).rejects.toThrow("RequestLimitExceeded");
  });

  it("of many that is throttled fails as one, and not as one call for each", async () => {
    const machines = await launched("runner10", "runner11", "runner12");
    const throttled = { kind: "error", code: "RequestLimitExceeded" } as const;
    world.ec2.next("TerminateInstances", throttled, throttled, throttled);
    await expect(world.compute.terminate(machines)).rejects.toThrow("RequestLimitExceeded");
    expect(world.ec2.callsOf("TerminateInstances")).toHaveLength(3);
    expect(machines.map(stateOf)).toEqual(["pending", "pending", "pending"]);
  });

  it.each([
    ["is refused as a whole", { kind: "error", code: "UnauthorizedOperation", status: 403 } as const, 1],
    ["gets no answer", { kind: "break", when: "before" } as const, 3],
  ])("of many that %s is asked for no other way", async (_what, mishap, calls) => {
    const machines = await launched("runner10", "runner11");
    world.ec2.next("TerminateInstances", ...Array.from({ length: calls }, () => mishap));
    await expect(world.compute.terminate(machines)).rejects.toThrow();
    expect(world.ec2.callsOf("TerminateInstances")).toHaveLength(calls);
  });

  it("of many with one that may not be ended is that of the others, and throws for that one", async () => {
    const [kept = "", ...others] = await launched("runner10", "runner11", "runner12");
    const text = `The instance '${kept}' may not be terminated.`;
    const refused = { kind: "error", code: "OperationNotPermitted", text } as const;
    world.ec2.next("TerminateInstances", refused, refused);
    await expect(world.compute.terminate([kept, ...others])).rejects.toThrow("may not be terminated");
    expect(others.map(stateOf)).toEqual(["shutting-down", "shutting-down"]);
    expect(world.ec2.callsOf("TerminateInstances")).toHaveLength(3);
  });

  it("of many with some that are gone asks once more for all the others, when EC2 names the gone", async () => {
    const machines = await launched(...Array.from({ length: 20 }, (_, index) => `runner${index}`));
    const gone = ["i-0123456789abcdef0", "i-0123456789abcdef1"];
    const text = `The instance IDs '${gone.join(", ")}' do not exist`;
    world.ec2.next("TerminateInstances", { kind: "error", code: "InvalidInstanceID.NotFound", text });
    await world.compute.terminate([...gone, ...machines]);
    expect(new Set(machines.map(stateOf))).toEqual(new Set(["shutting-down"]));
    const sizes = world.ec2.callsOf("TerminateInstances").map((call) => [...call].length);
    expect(sizes.filter((size) => size > 10)).toHaveLength(2);
  });

  it("throws when it is not allowed: the machine runs", async () => {
    const [machine = ""] = await launched("runner10");
    world.ec2.next("TerminateInstances", { kind: "error", code: "UnauthorizedOperation", status: 403 });
    await expect(world.compute.terminate([machine])).rejects.toThrow("UnauthorizedOperation");
    expect(stateOf(machine)).toBe("pending");
  });

  it("asks nobody about what cannot be a machine of ours", async () => {
    await world.compute.terminate(["runner10", "i-", "i-0123; rm", ""]);
    expect(world.ec2.calls).toEqual([]);
  });
});

describe("the list of machines", () => {
  it.each([
    ["pending", [{ alive: true }]],
    ["running", [{ alive: true }]],
    ["stopping", [{ alive: false }]],
    ["stopped", [{ alive: false }]],
    ["shutting-down", []],
    ["terminated", []],
  ])("has one that is %s as %j", async (state, expected) => {
    const [machine = ""] = await launched("runner10");
    const instance = world.ec2.instances.get(machine);
    if (instance !== undefined) instance.state = state;
    expect(await world.compute.list()).toMatchObject(expected);
  });

  it("is read to its last page", async () => {
    await launched(...Array.from({ length: 25 }, (_, index) => `runner${index}`));
    world.ec2.pageSize = 10;
    expect(await world.compute.list()).toHaveLength(25);
    expect(world.ec2.callsOf("DescribeInstances")).toHaveLength(3);
  });

  it("asks for what carries the fleet's tags, and has nothing of others", async () => {
    const [machine = ""] = await launched("runner10");
    world.ec2.instances.get(machine)?.tags.set("onejob:fleet", "another");
    expect(await world.compute.list()).toEqual([]);
  });

  it("has machines whose runner nobody has said yet, by their launch", async () => {
    const broken = { kind: "break", when: "before" } as const;
    world.ec2.next("CreateTags", broken, broken, broken);
    await expect(world.launch("runner10", "runner11")).rejects.toThrow();
    expect(await world.compute.list()).toMatchObject([
      { launch: "launch-1", runner: "", alive: true },
      { launch: "launch-1", runner: "", alive: true },
    ]);
  });

  it("throws when EC2 cannot be asked: what runs must not look gone", async () => {
    const broken = { kind: "break", when: "before" } as const;
    world.ec2.next("DescribeInstances", broken, broken, broken);
    await expect(world.compute.list()).rejects.toThrow("AWS gave no answer");
  });

  it("may be a minute behind", async () => {
    world.ec2.hides = true;
    await world.compute.launch(requestFor("small", ["runner10"]));
    expect(await world.compute.list()).toEqual([]);
    expect(world.compute.listLagMs).toBe(60_000);
  });
});
