/** EC2 limits how many machines and calls an account may ask for; each process keeps to its part of that. */
import { LaunchBudget } from "../../../runtime/compute/ec2/launch-budget";
import { type Ec2World, ec2World, launchNo, machinesIn, names, requestFor, told } from "./ec2-world";

/** Half of 1,000, and of two in a second. */
const atOnce = 500;
const oneMs = 1_000;

describe("the part of a process", () => {
  const clock = { at: 0, now: () => clock.at };
  const open = () => new LaunchBudget(clock);
  beforeEach(() => (clock.at = 0));

  it("is what two of them may take without emptying the bucket of the account", () => {
    expect([open(), open()].map((budget) => budget.take(1_000))).toEqual([atOnce, atOnce]);
  });

  it("grows again by half of what the account's does, and never beyond its size", () => {
    const budget = open();
    budget.take(1_000);
    expect(budget.take(1)).toBe(0);
    clock.at += 10 * oneMs;
    expect(budget.take(100)).toBe(10);
    clock.at += 24 * 60 * 60_000;
    expect(budget.take(1_000)).toBe(atOnce);
  });

  it("is whole again when what was taken was not made", () => {
    const budget = open();
    budget.giveBack(budget.take(1_000));
    expect(budget.take(1_000)).toBe(atOnce);
  });

  it("ends with its calls, too: 25 at once, then five in two seconds", () => {
    const budget = open();
    for (let call = 0; call < 25; call += 1) budget.called();
    expect(budget.take(1)).toBe(0);
    clock.at = budget.nextAt(1);
    expect(clock.at).toBe(400);
    expect(budget.take(1)).toBe(1);
  });

  it("says when all that is put off may be asked for, but no later than in 15 seconds, or when the first may", () => {
    const budget = open();
    budget.take(1_000);
    expect(budget.nextAt(1)).toBeLessThanOrEqual(oneMs);
    expect(budget.nextAt(3)).toBeLessThanOrEqual(3 * oneMs);
    expect(budget.nextAt(500)).toBe(15_000);
    budget.takeAll(100);
    expect(budget.nextAt(1)).toBeGreaterThan(99 * oneMs);
  });

  it("is not upset by a clock that was set back", () => {
    clock.at = 1_000_000;
    const budget = open();
    budget.take(1_000);
    clock.at = 0;
    expect(budget.take(1)).toBe(0);
    clock.at += oneMs;
    expect(budget.take(1)).toBe(1);
  });
});

describe("a launch", () => {
  let world: Ec2World;
  beforeEach(async () => {
    world = await ec2World({ spot: "never" });
  });
  afterEach(() => world.close());
  const launch = (n: number, count: number) =>
    world.compute.launch({ ...requestFor("small", names(count)), ...launchNo(n) });
  const calls = () => world.ec2.callsOf("CreateFleet").length;

  it("beyond it is throttled with the time it may be tried, and asks nobody", async () => {
    await launch(1, atOnce);
    const outcomes = await launch(2, 2);
    expect(told(outcomes)).toEqual(["throttled", "throttled"]);
    expect(calls()).toBe(1);
    const [{ retryAt = 0 } = {}] = outcomes.flatMap((one) => (one.outcome === "throttled" ? [one] : []));
    expect(retryAt - world.clock.at).toBeGreaterThan(0);
    world.clock.at = retryAt;
    expect(told(await launch(3, 2))).toEqual(["launched", "launched"]);
  });

  it("that is larger has what there is, and the rest is put off", async () => {
    const outcomes = await launch(1, atOnce + 34);
    expect(machinesIn(outcomes)).toHaveLength(atOnce);
    expect(told(outcomes).filter((outcome) => outcome === "throttled")).toHaveLength(34);
    expect(world.ec2.instances.size).toBe(atOnce);
  });

  it("that found no capacity costs no machines", async () => {
    world.ec2.poolAnswer = () => ({ code: "InsufficientInstanceCapacity" });
    for (let n = 1; n <= 4; n += 1) await launch(n, 200);
    world.ec2.poolAnswer = () => undefined;
    expect(machinesIn(await launch(5, atOnce))).toHaveLength(atOnce);
  });

  it("that is made again finds its machines, whatever is left of it", async () => {
    const broken = { kind: "break", when: "after" } as const;
    world.ec2.next("CreateFleet", broken, broken, broken);
    await expect(launch(1, 100)).rejects.toThrow("AWS gave no answer");
    await launch(2, atOnce - 100);
    const again = await world.compute.launch({ ...requestFor("small", names(100)), ...launchNo(1), repeated: true });
    expect(machinesIn(again)).toHaveLength(100);
    expect(world.ec2.instances.size).toBe(atOnce);
  });
});
