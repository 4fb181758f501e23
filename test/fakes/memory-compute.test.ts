import { MemoryCompute } from "./memory-compute";

const request = (...runners: readonly string[]) => ({
  launch: "l1",
  token: "t1",
  profile: "small",
  machines: runners.map((runner) => ({ runner, bootToken: `boot-${runner}` })),
});

describe("the compute in memory", () => {
  let now = 0;
  const make = (listLagMs = 0) => new MemoryCompute({ clock: { now: () => now }, listLagMs });

  it("answers as scripted, first for the runner, then in turn, then launched", async () => {
    const compute = make();
    compute.answer("b", "quota");
    compute.answerNext("no-capacity", "throttled");
    const outcomes = await compute.launch(request("a", "b", "c", "d"));
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(["no-capacity", "quota", "throttled", "launched"]);
    expect(compute.started.map(({ runner }) => runner)).toEqual(["d"]);
  });

  it("shows a new machine only after the lag", async () => {
    const compute = make(1_000);
    await compute.launch(request("a"));
    expect(await compute.list()).toEqual([]);
    now += 1_000;
    expect(await compute.list()).toEqual([{ machine: "a", runner: "a", launch: "l1", alive: true }]);
  });

  it("breaks off before or after the effect, once", async () => {
    const compute = make();
    compute.breakNext("launch", "before");
    compute.breakNext("launch", "after");
    await expect(compute.launch(request("a"))).rejects.toThrow("before launch");
    expect(compute.machines).toEqual([]);
    await expect(compute.launch(request("a"))).rejects.toThrow("after launch");
    expect(await compute.launch(request("a"))).toMatchObject([{ outcome: "launched" }]);
    expect(compute.started).toHaveLength(1);
  });

  it("keeps the remains of a dead machine, and none of a vanished one, and starts neither again", async () => {
    const compute = make();
    await compute.launch(request("a", "b"));
    compute.die("a");
    compute.vanish("b");
    await compute.launch(request("a", "b"));
    expect(await compute.list()).toMatchObject([{ runner: "a", alive: false }]);
    expect(compute.started).toHaveLength(2);
  });
});
