import { sweep } from "../../runtime/flow/sweep";
import { ForgeWorld, listeningJob, runningJob } from "../fakes/forge-world";
import { someJob, someProfile } from "../fixtures/records";

const minute = 60_000;

describe("a forge that cannot be asked", () => {
  it.each([
    ["source-unreachable", "source-unreachable"],
    ["source-throttled", "throttled"],
    ["source-refused", "misconfigured"],
  ] as const)("with %s is what a waiting job says, and no machine after machine is made", async (code, reason) => {
    const world = new ForgeWorld();
    const queued = world.forge.queue({ id: "a" });
    world.forge.failWith(code);
    await world.tell(queued);
    await world.tell(world.forge.queue({ id: "b" }));
    const planner = (await world.view()).planner;
    expect(Object.values(planner.blocked)).toMatchObject([{ reason }]);
    expect(world.compute.started).toHaveLength(1);
  });

  it("and answers again gives the machine that waited its right", async () => {
    const world = new ForgeWorld();
    const queued = world.forge.queue({ id: "a" });
    world.forge.failWith("source-unreachable");
    await world.tell(queued);
    const [agent] = world.agents();
    expect(await agent?.enrol()).toMatchObject({ kind: "later" });
    world.forge.failWith(undefined);
    world.clock.forward(10_000);
    expect(await agent?.enrol()).toMatchObject({ kind: "enrolled" });
    expect((await world.view()).planner.blocked).toEqual({});
  });

  it.each([0, 25_000])("slowly is not asked a second time by an agent that is up %i ms later", async (waitedMs) => {
    const profile = someProfile({ timeouts: { bootMs: 5 * minute } });
    const world = new ForgeWorld({ profiles: [profile] });
    let answer = (): void => undefined;
    const enrol = world.forge.enrol.bind(world.forge);
    world.forge.enrol = async (...args) => {
      await new Promise<void>((resolve) => (answer = resolve));
      return enrol(...args);
    };
    const launching = world.tell(world.forge.queue({ id: "a" }));
    while (world.agents().length === 0 || (await world.view()).runners.length === 0) await Promise.resolve();
    const [agent] = world.agents();
    world.clock.forward(waitedMs);
    expect(await agent?.enrol()).toMatchObject({ kind: "later" });
    answer();
    await launching;
    expect(await agent?.enrol()).toMatchObject({ kind: "enrolled" });
    expect(world.forge.calls).toEqual(["enrol"]);
  });

  it("so slowly that whoever asked must have died is asked by the agent itself, which waits with patience", async () => {
    const profile = someProfile({ timeouts: { bootMs: 5 * minute } });
    const world = new ForgeWorld({ profiles: [profile] });
    const enrol = world.forge.enrol.bind(world.forge);
    world.forge.enrol = () => new Promise(() => undefined);
    void world.tell(world.forge.queue({ id: "a" }));
    while (world.agents().length === 0 || (await world.view()).runners.length === 0) await Promise.resolve();
    world.forge.enrol = enrol;
    const [agent] = world.agents();
    world.clock.forward(70_000);
    expect(await agent?.enrol()).toEqual({ kind: "later", answer: { retryAfterMs: 2_000 } });
    world.clock.forward(10_000);
    expect(await agent?.enrol()).toMatchObject({ kind: "enrolled" });
  });

  it("does not make its machines count as failing to boot", async () => {
    const world = new ForgeWorld();
    const queued = world.forge.queue({ id: "a" });
    world.forge.failWith("source-unreachable");
    await world.tell(queued);
    await world.agents()[0]?.enrol();
    await world.turn(minute);
    expect((await world.view()).planner.breakers).toEqual({});
  });

  it("leaves a running job alone until it can be asked how it ended", async () => {
    const { world, agent, started } = await runningJob();
    await world.tell(started);
    world.forge.end("a");
    world.forge.failWith("source-unreachable");
    await agent.finish(0);
    for (let waited = 0; waited < 5; waited += 1) await world.turn(30_000);
    expect(await world.forgeJob("a")).toMatchObject({ state: "running" });
    world.forge.failWith(undefined);
    for (let waited = 0; waited < 3; waited += 1) await world.turn(30_000);
    expect(await world.forgeJob("a")).toMatchObject({ state: "completed" });
  });
});

describe("a machine lost under a forge's job", () => {
  it("fails the job here as the forge will", async () => {
    const { world, runner, started } = await runningJob();
    await world.tell(started);
    world.compute.vanish(runner);
    await world.turn(1_000);
    expect(await world.forgeJob("a")).toMatchObject({ state: "failed", reason: "agent-lost" });
  });

  it("after the job ended there takes the forge's word for it", async () => {
    const { world, runner, started } = await runningJob();
    await world.tell(started);
    world.forge.end("a");
    world.compute.vanish(runner);
    await world.turn(1_000);
    expect(await world.forgeJob("a")).toMatchObject({ state: "completed" });
  });
});

describe("jobs that nobody told us of", () => {
  it("are found by asking, and moves as well", async () => {
    const world = new ForgeWorld({ announces: false });
    world.forge.queue({ id: "a" });
    await world.discover();
    await world.allUp();
    world.forge.assign();
    await world.discover();
    expect((await world.forgeJob("a")).state).toBe("running");
    world.forge.end("a");
    await world.discover();
    expect((await world.forgeJob("a")).state).toBe("completed");
  });

  it("may be gone: one that waits ends then", async () => {
    const { world } = await listeningJob();
    world.forge.jobs.delete("a");
    world.clock.forward(10 * minute);
    await world.discover();
    expect(await world.forgeJob("a")).toMatchObject({ state: "cancelled", reason: "cancelled-by-source" });
  });

  it("found again and again change nothing", async () => {
    const world = new ForgeWorld({ announces: false });
    world.forge.queue({ id: "a" });
    await world.discover();
    const { version } = await world.forgeJob("a");
    await world.discover();
    await world.discover();
    expect((await world.forgeJob("a")).version).toBe(version);
    expect(world.compute.started).toHaveLength(1);
  });
});

describe("a forge that answers slowly", () => {
  const count = 30;
  const slowMs = 8_000;

  /** That many machines are gone at once, and for each of them the forge is asked. */
  async function manyLost(): Promise<ForgeWorld> {
    const limits = { maxRunners: 100 };
    const world = new ForgeWorld({ profiles: [someProfile({ limits })], server: limits });
    await world.tell(...Array.from({ length: count }, (_, id) => world.forge.queue({ id: String(id) })));
    await world.allUp();
    for (let job = 0; job < count; job += 1) await world.tell(...[world.forge.assign()?.event ?? []].flat());
    for (const runner of world.machines()) world.compute.vanish(runner);
    const jobState = world.forge.jobState.bind(world.forge);
    world.forge.jobState = async (job) => {
      const until = world.clock.now() + slowMs;
      // Those that are asked at once wait together.
      await new Promise((resolve) => setImmediate(resolve));
      world.clock.forward(Math.max(0, until - world.clock.now()));
      return jobState(job);
    };
    return world;
  }

  it("keeps the end of a machine of nobody, and the beginning of others, waiting for half a minute at most", async () => {
    const world = await manyLost();
    const { compute, clock } = world;
    await compute.launch({
      launch: "closed",
      token: "",
      profile: "small",
      machines: [{ runner: "orphan", bootToken: "" }],
    });
    await world.ports.ledger.createJob(someJob({ key: "api/local/x", id: "x" }));
    const times = new Map<string, number>();
    for (const call of ["launch", "terminate"] as const) {
      const real = compute[call].bind(compute) as (...given: unknown[]) => never;
      Object.assign(compute, {
        [call]: (...given: unknown[]) => {
          const what = call === "launch" || String(given[0]) === "orphan" ? call : "another";
          times.set(what, times.get(what) ?? clock.now());
          return real(...given);
        },
      });
    }
    clock.forward(2 * minute);
    const began = clock.now();
    await sweep(world.ports);
    expect(times.get("terminate")).toBe(began);
    expect((times.get("launch") ?? Infinity) - began).toBeLessThan(minute / 2);
  });

  it("is asked about all of them in the end", async () => {
    const world = await manyLost();
    for (let sweeps = 0; sweeps < count; sweeps += 1) await world.turn(minute);
    const { runners } = await world.view();
    expect(runners).toEqual([]);
  });
});
