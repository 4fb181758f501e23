/** Launches that are repeated, and calls that fail: whatever happens, no runner gets two machines. */
import type { MachineOutcome } from "../../../runtime/core/ports";
import { type Ec2World, ec2World, launchNo, machinesIn, names, requestFor, told } from "./ec2-world";

let world: Ec2World;
const open = async (...wishes: Parameters<typeof ec2World>) => (world = await ec2World(...wishes));
afterEach(() => world.close());

const fleets = () => world.ec2.callsOf("CreateFleet");
const marketsAsked = () => fleets().map((call) => call.get("TargetCapacitySpecification.DefaultTargetCapacityType"));
const tokensUsed = () => fleets().map((call) => call.get("ClientToken"));
const empty = (code: string, only: (market: string, pool: string) => boolean = () => true) => {
  world.ec2.poolAnswer = (market, pool) => (only(market, pool) ? { code } : undefined);
};

const pairsIn = (outcomes: readonly MachineOutcome[]) =>
  Object.fromEntries(outcomes.flatMap((one) => (one.outcome === "launched" ? [[one.machine, one.runner]] : [])));
const pairsWritten = (call: URLSearchParams | undefined) =>
  Object.fromEntries(
    [...(call ?? [])]
      .filter(([name]) => /^Tag\.\d+\.Key$/.test(name))
      .map(([name, key]) => [key.replace("onejob:runner:", ""), call?.get(name.replace("Key", "Value"))]),
  );

describe("a launch that is repeated", () => {
  it("meets what the first one made although its answer was lost, and starts nothing", async () => {
    await open();
    world.ec2.next("CreateFleet", ...Array.from({ length: 3 }, () => ({ kind: "break", when: "after" }) as const));
    await expect(world.launch(...names(3))).rejects.toThrow("AWS gave no answer");
    const outcomes = await world.other().launch(requestFor("small", names(3)));
    expect(machinesIn(outcomes).sort()).toEqual([...world.ec2.instances.keys()].sort());
    expect(world.ec2.instances.size).toBe(3);
  });

  it("gives every runner the machine it would have had, when the first one died before it said whose they are", async () => {
    await open();
    const calm = machinesIn(await world.launch(...names(5)));
    await world.close();
    await open();
    world.ec2.next("CreateTags", ...Array.from({ length: 3 }, () => ({ kind: "break", when: "before" }) as const));
    await expect(world.launch(...names(5))).rejects.toThrow("AWS gave no answer");
    expect(machinesIn(await world.other().launch(requestFor("small", names(5))))).toEqual(calm);
    expect(world.ec2.instances.size).toBe(5);
  });

  it("finds the machines of a first one that asked other pools, in the order they were made in", async () => {
    await open();
    // The first process knows that a pool is empty, and gets its machines in two calls.
    empty("InsufficientInstanceCapacity", (_, pool) => pool === "m7a.large/subnet-b");
    world.ec2.poolAnswer = (market, pool, wanted) =>
      market === "spot"
        ? { code: "InsufficientInstanceCapacity", made: pool === "m7i.large/subnet-a" ? wanted - 2 : 0 }
        : undefined;
    await world.compute.launch({ ...requestFor("small", ["x1", "x2", "x3"]), launch: "launch-0", token: "token-0" });
    world.ec2.next("CreateTags", ...Array.from({ length: 3 }, () => ({ kind: "break", when: "before" }) as const));
    await expect(world.launch(...names(6))).rejects.toThrow("AWS gave no answer");
    world.ec2.poolAnswer = () => undefined;
    const before = new Set(world.ec2.instances.keys());
    const again = await world.other().launch(requestFor("small", names(6)));
    expect(new Set(world.ec2.instances.keys())).toEqual(before);
    const [written] = world.ec2.callsOf("CreateTags").slice(-4);
    expect(pairsIn(again)).toEqual(pairsWritten(written));
    expect(world.ec2.callsOf("DescribeInstances")).toHaveLength(1);
    expect(await world.other().launch(requestFor("small", names(6)))).toEqual(again);
  });

  it("for the runners that are left over leaves the machines of the others to them", async () => {
    await open();
    const first = await world.launch(...names(4));
    const rest = await world.other().launch(requestFor("small", names(4).slice(2)));
    expect(rest).toEqual(first.slice(2));
    expect(world.ec2.instances.size).toBe(4);
  });

  it("waits before it believes that EC2 shows all there is, and finds what it shows only then", async () => {
    await open();
    world.ec2.hides = true;
    const first = await world.launch(...names(4));
    world.meanwhile = () => {
      expect(world.ec2.callsOf("DescribeInstances")).toEqual([]);
      world.ec2.show();
    };
    const rest = await world.other().launch(requestFor("small", names(4).slice(2)));
    expect(rest).toEqual(first.slice(2));
    expect(world.ec2.instances.size).toBe(4);
    expect(world.pauses).toEqual([2_000]);
  });

  it("is done in time however often its words were used by others", async () => {
    await open();
    world.ec2.next(
      "CreateFleet",
      ...Array.from({ length: 30 }, () => ({ kind: "error", code: "IdempotentParameterMismatch" }) as const),
    );
    const began = world.clock.at;
    expect(told(await world.launch("runner10"))).toEqual(["no-capacity"]);
    expect(world.clock.at - began).toBeLessThan(25_000);
    expect(new Set(tokensUsed()).size).toBe(tokensUsed().length);
  });

  it("looks for what was made when AWS answers with fewer machines than asked for, and no reason", async () => {
    await open();
    world.ec2.poolAnswer = (market) => (market === "spot" && fleets().length === 1 ? { code: "" } : undefined);
    expect(told(await world.launch("runner10"))).toEqual(["launched"]);
    expect(world.ec2.callsOf("DescribeInstances")).toHaveLength(1);
    expect(marketsAsked()).toEqual(["spot", "on-demand"]);
  });

  it("takes it for spot's last word when AWS gives nothing and no reason, and remembers the pools", async () => {
    await open();
    world.ec2.poolAnswer = (market) => (market === "spot" ? { code: "" } : undefined);
    expect(told(await world.launch("runner10"))).toEqual(["launched"]);
    await world.compute.launch({ ...requestFor("small", ["runner11"]), ...launchNo(2) });
    expect(marketsAsked()).toEqual(["spot", "on-demand", "on-demand"]);
  });

  it("asks as often as the profile says where AWS never gives anything or a reason, and says so", async () => {
    await open({ spotAttempts: 2 });
    empty("");
    const outcomes = await world.launch("runner10");
    expect(outcomes).toMatchObject([
      { outcome: "no-capacity", detail: expect.stringContaining("on-demand: no machine, and no reason") as string },
    ]);
    // All pools of spot are known to be empty after the first.
    expect(marketsAsked()).toEqual(["spot", "on-demand"]);
  });

  it("believes of pools that gave some machines that they have more, next time", async () => {
    await open();
    world.ec2.poolAnswer = (market, _, wanted) =>
      market === "spot" && fleets().length === 1 ? { code: "", made: Math.min(1, wanted) } : undefined;
    expect(machinesIn(await world.launch(...names(6)))).toHaveLength(6);
    await world.compute.launch({ ...requestFor("small", ["x"]), ...launchNo(2) });
    expect(marketsAsked()).toEqual(["spot", "on-demand", "spot"]);
  });

  it("keeps the machines AWS has just named although the list does not show them, and asks only for the others", async () => {
    await open();
    world.ec2.hides = true;
    world.ec2.poolAnswer = (market, _, wanted) =>
      market === "spot" && fleets().length === 1 ? { code: "", made: Math.min(1, wanted) } : undefined;
    const outcomes = await world.launch(...names(6));
    expect(told(outcomes)).toEqual(Array.from({ length: 6 }, () => "launched"));
    expect(machinesIn(outcomes).sort()).toEqual([...world.ec2.instances.keys()].sort());
    expect(fleets().map((call) => call.get("TargetCapacitySpecification.TotalTargetCapacity"))).toEqual(["6", "2"]);
  });

  it("leaves a machine that AWS has just named to the runner it was written for", async () => {
    await open();
    const first = await world.launch(...names(3));
    // The same call, answered with two of its three machines.
    world.ec2.forget(machinesIn(first)[0] ?? "");
    const again = await world.other().launch(requestFor("small", names(3)));
    expect(again.slice(1)).toEqual(first.slice(1));
    expect(new Set(machinesIn(again)).size).toBe(3);
  });

  it("of another launch has nothing to do with it", async () => {
    await open();
    await world.launch("runner10");
    await world.compute.launch({ ...requestFor("small", ["runner11"]), launch: "launch-2", token: "token-2" });
    expect(world.ec2.instances.size).toBe(2);
    for (const token of tokensUsed()) expect(token).toMatch(/^[\x21-\x7e]{1,64}$/);
  });
});

describe("a call that fails", () => {
  it.each(["RequestLimitExceeded", "Throttling", "EC2ThrottledException", "TooManyRequests", "SlowDown"])(
    "with %s is made again with the same token, and the machine is there",
    async (code) => {
      await open();
      world.ec2.next("CreateFleet", { kind: "error", code, status: 503 }, { kind: "error", code, status: 503 });
      expect(told(await world.launch("runner10"))).toEqual(["launched"]);
      expect(new Set(tokensUsed()).size).toBe(1);
      expect(world.pauses).toEqual([1_500, 4_500]);
    },
  );

  it("is throttled after three tries, and takes no other market", async () => {
    await open();
    world.ec2.next(
      "CreateFleet",
      ...Array.from({ length: 3 }, () => ({ kind: "error", code: "RequestLimitExceeded" }) as const),
    );
    expect(told(await world.launch("runner10"))).toEqual(["throttled"]);
    expect(marketsAsked()).toEqual(["spot", "spot", "spot"]);
  });

  it.each([
    ["breaks off", { kind: "break", when: "before" } as const],
    ["answers InternalError", { kind: "error", code: "InternalError", status: 500 } as const],
    ["answers Unavailable", { kind: "error", code: "Unavailable", status: 503 } as const],
    ["has a first try under way", { kind: "error", code: "PriorRequestNotComplete" } as const],
    ["answers what nobody knows, with 500", { kind: "error", code: "NewTrouble", status: 500 } as const],
  ])("throws when it %s three times: nobody knows what became of it", async (_how, mishap) => {
    await open();
    world.ec2.next("CreateFleet", mishap, mishap, mishap);
    await expect(world.launch("runner10")).rejects.toThrow("AWS gave no answer");
  });

  it("throws also when only the first try got no answer, and the others were throttled", async () => {
    await open();
    const throttled = { kind: "error", code: "RequestLimitExceeded" } as const;
    world.ec2.next("CreateFleet", { kind: "break", when: "after" }, throttled, throttled);
    await expect(world.launch("runner10")).rejects.toThrow("AWS gave no answer");
  });

  it("on the second market keeps nothing from being found: the launch is repeated as a whole", async () => {
    await open();
    empty("InsufficientInstanceCapacity", (market) => market === "spot");
    const broken = { kind: "break", when: "after" } as const;
    world.ec2.next("CreateFleet", { kind: "break", when: "after" });
    world.ec2.next("CreateTags", broken, broken, broken);
    await expect(world.launch("runner10", "runner11")).rejects.toThrow("AWS gave no answer");
    expect(machinesIn(await world.launch("runner10", "runner11"))).toHaveLength(2);
    expect(world.ec2.instances.size).toBe(2);
  });
});
