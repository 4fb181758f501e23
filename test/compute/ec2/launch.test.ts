import { runnerTagOf } from "../../../runtime/core/aws-identity";
import type { MachineOutcome } from "../../../runtime/core/ports";
import { type Ec2World, ec2World, machinesIn, names, requestFor, told } from "./ec2-world";

let world: Ec2World;
const open = async (...wishes: Parameters<typeof ec2World>) => (world = await ec2World(...wishes));
afterEach(() => world.close());

const detailOf = ([first]: readonly MachineOutcome[]): string => (first && "detail" in first ? first.detail : "");
const fleets = () => world.ec2.callsOf("CreateFleet");
const marketsAsked = () => fleets().map((call) => call.get("TargetCapacitySpecification.DefaultTargetCapacityType"));
const tokensUsed = () => fleets().map((call) => call.get("ClientToken"));
const poolsAsked = (call: URLSearchParams | undefined): string[] =>
  [...(call ?? [])]
    .filter(([name]) => /Overrides\.\d+\.InstanceType$/.test(name))
    .map(([name, type]) => `${type}/${call?.get(name.replace("InstanceType", "SubnetId"))}`);
const empty = (code: string, only: (market: string, pool: string) => boolean = () => true) => {
  world.ec2.poolAnswer = (market, pool) => (only(market, pool) ? { code } : undefined);
};

describe("a launch", () => {
  it("is one call for all its machines, with every pool, the template by name and our tags on all that is made", async () => {
    await open();
    expect(told(await world.launch(...names(3)))).toEqual(["launched", "launched", "launched"]);
    const [call] = fleets();
    expect(fleets()).toHaveLength(1);
    expect(Object.fromEntries(call ?? [])).toMatchObject({
      Type: "instant",
      "LaunchTemplateConfigs.1.LaunchTemplateSpecification.LaunchTemplateName": "onejob-ci-small",
      "LaunchTemplateConfigs.1.LaunchTemplateSpecification.Version": "$Default",
      "TargetCapacitySpecification.TotalTargetCapacity": "3",
      "TargetCapacitySpecification.DefaultTargetCapacityType": "spot",
      "SpotOptions.AllocationStrategy": "price-capacity-optimized",
      "TagSpecification.1.ResourceType": "instance",
      "TagSpecification.2.ResourceType": "volume",
    });
    // AWS takes no word about interfaces of an instant fleet; the launch template has it.
    expect([...(call ?? [])].filter(([name]) => name.startsWith("TagSpecification.3."))).toEqual([]);
    expect(poolsAsked(call)).toEqual([
      "m7i.large/subnet-a",
      "m7i.large/subnet-b",
      "m7a.large/subnet-a",
      "m7a.large/subnet-b",
    ]);
    const [instance] = world.ec2.instances.values();
    expect(Object.fromEntries(instance?.tags ?? [])).toMatchObject({
      "onejob:fleet": "ci",
      "onejob:owner": "onejob",
      "onejob:profile": "small",
      "onejob:launch": "launch-1",
      "onejob:attempt": "1",
    });
  });

  it.each([
    [1, 1, 0],
    [10, 1, 1],
    [12, 1, 1],
    [40, 1, 4],
  ])("of %i machines takes %i CreateFleet and %i CreateTags, and nothing else", async (count, asked, tagged) => {
    await open();
    expect(machinesIn(await world.launch(...names(count)))).toHaveLength(count);
    expect(world.ec2.calls.map(({ action }) => action).sort()).toEqual([
      ...Array.from({ length: asked }, () => "CreateFleet"),
      ...Array.from({ length: tagged }, () => "CreateTags"),
    ]);
  });

  it("of one machine has the runner among the tags it is made with, so that no crash can part them", async () => {
    await open();
    await world.launch("runner10");
    expect([...world.ec2.instances.values()].map(({ tags }) => tags.get("onejob:runner"))).toEqual(["runner10"]);
  });

  it("of many leaves each with its own runner, under its own id", async () => {
    await open();
    const outcomes = await world.launch(...names(40));
    for (const outcome of outcomes) {
      if (outcome.outcome !== "launched") throw new Error("not launched");
      expect(world.ec2.instances.get(outcome.machine)?.tags.get(runnerTagOf(outcome.machine))).toBe(outcome.runner);
    }
    expect(new Set(machinesIn(outcomes)).size).toBe(40);
    for (const { tags } of world.ec2.instances.values()) expect(tags.size).toBeLessThanOrEqual(20);
  });

  it("goes to on-demand for the machines that spot did not have, and for no more", async () => {
    await open();
    world.ec2.poolAnswer = (market, pool, wanted) =>
      market === "spot"
        ? { code: "UnfulfillableCapacity", made: pool === "m7i.large/subnet-a" ? wanted - 4 : 0 }
        : undefined;
    expect(machinesIn(await world.launch(...names(10)))).toHaveLength(10);
    expect(marketsAsked()).toEqual(["spot", "on-demand"]);
    expect([...world.ec2.instances.values()].filter(({ market }) => market === "on-demand")).toHaveLength(4);
    expect(new Set(tokensUsed()).size).toBe(2);
  });

  it.each([
    ["never", 1, ["on-demand"]],
    ["only", 3, ["spot"]],
    ["preferred", 1, ["spot", "on-demand"]],
  ] as const)("with spot %s and %i attempts asks %j, and answers no-capacity", async (spot, spotAttempts, markets) => {
    await open({ spot, spotAttempts });
    empty("InsufficientInstanceCapacity");
    expect(told(await world.launch("runner10"))).toEqual(["no-capacity"]);
    expect(marketsAsked()).toEqual(markets);
  });

  it.each([
    ["preferred", ["on-demand", "spot"]],
    ["never", ["on-demand"]],
    ["only", ["spot"]],
  ] as const)("that wants on-demand, with spot %s, asks %j while there is nothing", async (spot, markets) => {
    await open({ spot });
    empty("InsufficientInstanceCapacity");
    await world.compute.launch({ ...requestFor("small", ["r"]), market: "on-demand" });
    expect(marketsAsked()).toEqual(markets);
  });

  it("tries spot as often as the profile says, each time without the pools that were empty", async () => {
    await open({ spotAttempts: 3, types: ["m7i.large", "m7a.large", "m6i.large"] });
    // AWS names only the pools it tried.
    world.ec2.poolAnswer = (market, pool) => {
      if (market === "on-demand") return undefined;
      const tried = poolsAsked(fleets().at(-1)).slice(0, 2).includes(pool);
      return { code: tried ? "InsufficientInstanceCapacity" : "" };
    };
    expect(told(await world.launch("runner10"))).toEqual(["launched"]);
    expect(marketsAsked()).toEqual(["spot", "spot", "spot", "on-demand"]);
    expect(fleets().map((call) => poolsAsked(call).length)).toEqual([6, 4, 2, 6]);
  });

  it("leaves a pool that was empty alone for three minutes", async () => {
    await open({ spot: "never" });
    empty("InsufficientInstanceCapacity", (_, pool) => pool.startsWith("m7i"));
    await world.launch("runner10");
    const next = (launch: string) => world.compute.launch({ ...requestFor("small", ["r"]), launch, token: launch });
    await next("launch-2");
    world.clock.at += 3 * 60_000;
    await next("launch-3");
    expect(fleets().map((call) => poolsAsked(call).length)).toEqual([4, 2, 4]);
  });

  it("goes to on-demand at once while all of spot is empty, but asks all of spot when there is nothing else", async () => {
    await open();
    empty("InsufficientInstanceCapacity", (market) => market === "spot");
    await world.launch("runner10");
    await world.compute.launch({ ...requestFor("small", ["r"]), launch: "launch-2", token: "token-2" });
    expect(marketsAsked()).toEqual(["spot", "on-demand", "on-demand"]);
    await world.close();
    await open({ spot: "only" });
    empty("InsufficientInstanceCapacity");
    await world.launch("runner10");
    await world.compute.launch({ ...requestFor("small", ["r"]), launch: "launch-2", token: "token-2" });
    expect(fleets().map((call) => poolsAsked(call).length)).toEqual([4, 4]);
  });

  it("does not ask for spot again when the account may have no more of it", async () => {
    await open({ spotAttempts: 3 });
    empty("MaxSpotInstanceCountExceeded", (market) => market === "spot");
    expect(told(await world.launch("runner10"))).toEqual(["launched"]);
    expect(marketsAsked()).toEqual(["spot", "on-demand"]);
  });

  it("says which codes came from where, what AWS adds, and what to do", async () => {
    await open();
    world.ec2.poolAnswer = (market) => ({
      code: market === "spot" ? "InsufficientInstanceCapacity" : "VcpuLimitExceeded",
    });
    const outcomes = await world.launch("runner10");
    expect(told(outcomes)).toEqual(["quota"]);
    expect(detailOf(outcomes)).toBe(
      "spot: InsufficientInstanceCapacity in m7i.large/subnet-a, m7i.large/subnet-b, m7a.large/subnet-a and 1 more; " +
        "on-demand: VcpuLimitExceeded in m7i.large/subnet-a, m7i.large/subnet-b, m7a.large/subnet-a and 1 more " +
        "(no m7i.large/subnet-a). ask AWS for a higher limit (Service Quotas, Amazon EC2), or lower limits.maxRunners",
    );
  });

  it("repeats no blob that only an administrator can read", async () => {
    await open();
    const text = "You are not authorized. Encoded authorization failure message: c2VjcmV0";
    world.ec2.next("CreateFleet", { kind: "error", code: "UnauthorizedOperation", status: 403, text });
    const outcomes = await world.launch("runner10");
    expect(told(outcomes)).toEqual(["misconfigured"]);
    expect(detailOf(outcomes)).toContain("spot: UnauthorizedOperation (You are not authorized.)");
  });

  it("of a profile that is not deployed yet is misconfigured, with what to do, and asks nobody", async () => {
    await open();
    const outcomes = await world.compute.launch(requestFor("new", ["runner10"]));
    expect(told(outcomes)).toEqual(["misconfigured"]);
    expect(detailOf(outcomes)).toContain("pulumi up");
    expect(world.ec2.calls).toEqual([]);
  });

  it("of no machines asks nobody", async () => {
    await open();
    expect(await world.launch()).toEqual([]);
    expect(world.ec2.calls).toEqual([]);
  });
});
