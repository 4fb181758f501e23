import { planLaunches } from "../../runtime/flow/plan-launches";
import { readWhy } from "../../runtime/flow/read-job";
import { World } from "../fakes/flow-world";
import { someProfile, someSettings } from "../fixtures/records";

describe("a machine that dies", () => {
  it("fails its running job as agent-lost", async () => {
    const world = new World();
    const { key, agent } = await world.running();
    world.compute.die(agent.runner);
    await world.turn();
    expect(await world.job(key)).toMatchObject({ state: "failed", reason: "agent-lost", exitCode: null });
    expect(world.compute.machines).toEqual([]);
  });

  it("has its job run again, as the next attempt, where retries allow", async () => {
    const world = new World();
    const { key, agent } = await world.running(1);
    world.compute.vanish(agent.runner);
    await world.turn();
    expect(await world.job(key)).toMatchObject({ state: "starting", attempt: 2 });
    await world.agents()[0]?.serve();
    expect(await world.job(key)).toMatchObject({ state: "completed", attempt: 2 });
  });

  it("before it reported is replaced, and its job's timeline says why", async () => {
    const world = new World();
    const { key } = await world.submit();
    await world.pump();
    const [machine] = world.compute.machines;
    world.compute.die(machine?.runner ?? "");
    await world.turn();
    const job = await world.job(key);
    expect(job.timeline).toContainEqual(expect.objectContaining({ stage: "relaunched", reason: "agent-lost" }));
    expect(job.state).toBe("starting");
    expect(world.compute.started).toHaveLength(2);
  });

  it("is told apart from one that is only silent, which goes on", async () => {
    const world = new World();
    const { key, agent } = await world.running();
    await world.turn(2 * world.settings.lease.durationMs);
    expect(await world.job(key)).toMatchObject({ state: "running" });
    await agent.finish(0);
    expect(await world.job(key)).toMatchObject({ state: "completed" });
  });
});

describe("a machine that never reports", () => {
  it("is ended after the boot time-out and replaced", async () => {
    const world = new World();
    const { key } = await world.submit();
    await world.pump();
    await world.turn(world.settings.profiles[0]?.timeouts.bootMs);
    await world.turn();
    expect(world.compute.started).toHaveLength(2);
    expect(world.compute.machines).toHaveLength(1);
    const { timeline } = await world.job(key);
    expect(timeline).toContainEqual(expect.objectContaining({ stage: "relaunched", reason: "boot-timeout" }));
  });

  it("three times in a row opens the breaker: no more machines, the job says boot-failing, one probe after 15 minutes", async () => {
    const world = new World();
    const { key } = await world.submit();
    const bootMs = world.settings.profiles[0]?.timeouts.bootMs ?? 0;
    await world.pump();
    for (let failure = 0; failure < 5; failure += 1) {
      await world.turn(bootMs);
      await world.turn();
    }
    expect(world.compute.started).toHaveLength(3);
    expect(await readWhy(await world.job(key), world.ports)).toMatchObject({ waiting: true, reason: "boot-failing" });
    await world.turn(15 * 60_000);
    expect(world.compute.started).toHaveLength(4);
    await world.agents()[0]?.serve();
    expect(await world.job(key)).toMatchObject({ state: "completed" });
    expect((await world.view()).planner.breakers).toEqual({});
  });
});

describe("fences", () => {
  it("stop the agent of an attempt that is no longer the current one", async () => {
    const world = new World();
    const { key, agent } = await world.running(1);
    world.compute.die(agent.runner);
    await world.turn();
    await expect(agent.finish(0)).rejects.toMatchObject({ code: "stale-attempt" });
    expect(await world.job(key)).toMatchObject({ attempt: 2, exitCode: null });
  });

  it("let an agent say finished twice, and change nothing the second time", async () => {
    const world = new World();
    const { key, agent } = await world.running();
    await agent.finish(3);
    await agent.finish(0);
    expect(await world.job(key)).toMatchObject({ state: "failed", exitCode: 3 });
  });

  it("give a runner's enrolment to the first agent that asks, again to the same, and to no other", async () => {
    const world = new World();
    await world.submit();
    await world.pump();
    const runner = world.compute.machines[0]?.runner ?? "";
    const first = await world.agent(runner).enrol();
    expect(await world.agent(runner).enrol()).toEqual(first);
    await expect(world.agent(runner, "another-nonce-0123456789").enrol()).rejects.toMatchObject({
      code: "enrolment-taken",
    });
  });

  it("keep two requests of one agent from taking two jobs", async () => {
    const world = new World(someSettings([someProfile({ limits: { maxRunners: 1 } })]));
    await world.submit();
    await world.submit();
    await world.pump();
    const [agent] = world.agents();
    await agent?.enrol();
    const twice = await Promise.all([agent?.take(), agent?.take()]);
    const jobs = new Set(twice.map((orders) => orders?.assignment?.job));
    expect(jobs.size).toBe(1);
    expect((await world.view()).jobs.filter((job) => job.bound)).toHaveLength(1);
  });

  it("keep two runners from taking one job", async () => {
    const world = new World();
    await world.submit();
    await world.submit();
    await world.pump();
    const taken = await Promise.all(world.agents().map((agent) => agent.take()));
    expect(new Set(taken.map((orders) => orders.assignment?.job)).size).toBe(2);
  });

  it("turn away a machine that proves to be none of ours", async () => {
    const world = new World();
    await expect(world.agent("stranger").enrol()).rejects.toMatchObject({ code: "unauthorised" });
  });
});

describe("one planner at a time", () => {
  it("makes many planners at once launch each job's machine once", async () => {
    const world = new World();
    for (let index = 0; index < 6; index += 1) await world.submit();
    await Promise.all(Array.from({ length: 8 }, () => planLaunches("small", world.ports)));
    await world.pump();
    expect(world.compute.started).toHaveLength(6);
    expect((await world.view()).planner).toMatchObject({ lease: null, dirty: false, launches: [] });
  });

  it("keeps the fleet's limit when profiles plan side by side", async () => {
    const names = ["a", "b", "c", "d"];
    const profiles = names.map((name) => ({ ...someProfile({ name }), labels: [name] }));
    const world = new World(someSettings(profiles, { maxRunners: 5 }));
    for (const profile of [...names, ...names, ...names]) await world.submit({ profile });
    await Promise.all([...names, ...names].map((name) => planLaunches(name, world.ports)));
    await world.pump();
    expect(world.compute.machines).toHaveLength(5);
    expect(world.compute.started).toHaveLength(5);
  });
});
