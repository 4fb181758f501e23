/** A compute takes machines back: whose job was on it is told, and jobs of ours are run again where their profile says so. */
import { World } from "../fakes/flow-world";
import { someSettings } from "../fixtures/records";
import { type Policy, markets, spotProfile, stagesOf, taken, warn } from "./spot-world";

const ownJobs = (policy?: Policy) => new World(someSettings([spotProfile(policy)]));

describe("a machine that is being taken away", () => {
  it("leaves at once when it has no job, and the job it was meant for gets another", async () => {
    const world = ownJobs();
    const { key } = await world.submit();
    await world.pump();
    const [runner = ""] = world.compute.machines.map((machine) => machine.runner);
    await warn(world, runner);
    expect(world.compute.machine(runner)).toBeUndefined();
    expect(world.compute.machines).toHaveLength(1);
    await world.agents()[0]?.serve();
    expect(await world.job(key)).toMatchObject({ state: "completed" });
  });

  it("is no machine that failed to boot: three of them open no breaker", async () => {
    const world = ownJobs();
    await world.submit();
    await world.pump();
    for (let round = 0; round < 4; round++) {
      const [machine] = world.compute.machines;
      if (machine === undefined) throw new Error("no machine was made");
      await warn(world, machine.runner);
      await taken(world, machine.runner);
      await world.turn(5_000);
    }
    expect(world.compute.machines).toHaveLength(1);
    expect((await world.view()).planner.breakers).toEqual({});
  });

  it("goes on with its job, whose timeline says it once, however often it is said", async () => {
    const world = ownJobs();
    const { key, agent } = await world.running();
    await warn(world, agent.runner);
    await warn(world, agent.runner);
    await agent.report([{ type: "interrupted", at: new Date(world.clock.now()).toISOString() }]);
    const told = await world.job(key);
    expect(told).toMatchObject({ state: "running" });
    expect(stagesOf(told).filter((stage) => stage === "interrupted")).toHaveLength(1);
    await agent.finish(0);
    await world.pump();
    expect(await world.job(key)).toMatchObject({ state: "completed", attempt: 1 });
    expect(world.compute.started).toHaveLength(1);
  });

  it("that may only be taken away leaves when it is idle, and tells nobody when it is not", async () => {
    const world = ownJobs();
    const { key, agent } = await world.running();
    await warn(world, agent.runner, "rebalance");
    expect(stagesOf(await world.job(key))).not.toContain("interrupted");
    expect((await world.ledger.readRunner("small", agent.runner))?.draining).toBe(true);
    expect(world.compute.machine(agent.runner)).toBeDefined();
  });

  it("may be gone already when the word of it comes", async () => {
    const world = ownJobs();
    await expect(warn(world, "nobody")).resolves.toBeUndefined();
  });
});

describe("a job of ours whose machine was taken away", () => {
  it("is another one than a job that its machine could not run, which gets the next as the profile says", async () => {
    const world = ownJobs();
    const { key } = await world.submit();
    await world.pump();
    const [agent] = world.agents();
    await agent?.take();
    await agent?.finish(null, "agent-lost", "the machine could not run it: no space left");
    await world.pump();
    expect(await world.job(key)).toMatchObject({ state: "starting", attempt: 1 });
    expect(markets(world)).toEqual(["as the profile says", "as the profile says"]);
  });

  it("is run again without being asked, on-demand", async () => {
    const world = ownJobs();
    const { key, agent } = await world.running(0);
    await warn(world, agent.runner);
    await agent.finish(null, "interrupted");
    await world.pump();
    await world.agents().at(-1)?.serve();
    expect(await world.job(key)).toMatchObject({ state: "completed", attempt: 2 });
    expect(markets(world)).toEqual(["as the profile says", "on-demand"]);
  });

  it("is run again as well when its machine went without a word of its agent", async () => {
    const world = ownJobs();
    const { key, agent } = await world.running(0);
    await warn(world, agent.runner);
    await taken(world, agent.runner);
    await world.agents().at(-1)?.serve();
    expect(await world.job(key)).toMatchObject({ state: "completed", attempt: 2 });
    expect(markets(world)).toEqual(["as the profile says", "on-demand"]);
  });

  it("fails where its profile says so", async () => {
    const world = ownJobs("fail");
    const { key, agent } = await world.running(0);
    await warn(world, agent.runner);
    await agent.finish(null, "interrupted");
    await world.pump();
    expect(await world.job(key)).toMatchObject({ state: "failed", reason: "interrupted" });
    expect(world.compute.started).toHaveLength(1);
  });

  it("is not run again when somebody had cancelled it", async () => {
    const world = ownJobs();
    const { key, agent } = await world.running(0);
    const job = await world.job(key);
    await world.ledger.saveJob({ ...job, cancelRequestedAt: world.clock.now(), version: job.version + 1 });
    await warn(world, agent.runner);
    await agent.finish(null, "interrupted");
    await world.pump();
    expect(await world.job(key)).toMatchObject({ state: "cancelled" });
  });

  it("is run again however many machines went before they had it", async () => {
    const world = ownJobs();
    const { key } = await world.submit();
    await world.pump();
    for (let round = 0; round < 3; round++) await warn(world, world.compute.machines[0]?.runner ?? "");
    const agent = world.agents().at(-1);
    await agent?.take();
    await agent?.start();
    await warn(world, agent?.runner ?? "");
    await agent?.finish(null, "interrupted");
    await world.pump();
    expect(await world.job(key)).toMatchObject({ state: "starting", attempt: 2 });
  });

  it("keeps the tries it may have anyway", async () => {
    const world = ownJobs();
    const { key, agent } = await world.running(1);
    await warn(world, agent.runner);
    await agent.finish(null, "interrupted");
    await world.pump();
    const second = world.agents().at(-1);
    await second?.take();
    await second?.start();
    await second?.finish(1);
    await world.pump();
    expect(await world.job(key)).toMatchObject({ state: "starting", attempt: 3 });
  });

  it("is run again though whoever noticed its machine's end died at that", async () => {
    const world = ownJobs();
    const { key, agent } = await world.running(0);
    await warn(world, agent.runner);
    const runner = await world.ledger.readRunner("small", agent.runner);
    if (runner === undefined) throw new Error("there is no runner");
    await world.ledger.saveRunner({ ...runner, state: "stopping", reason: "interrupted", version: runner.version + 1 });
    await warn(world, agent.runner);
    await world.turn(60_000);
    expect(await world.job(key)).toMatchObject({ attempt: 2 });
  });

  it("is run again when nobody had said that its machine would be taken, but EC2 says that it was", async () => {
    const world = ownJobs();
    const { key, agent } = await world.running(0);
    world.compute.vanish(agent.runner);
    await warn(world, agent.runner, "taken");
    expect(await world.job(key)).toMatchObject({ state: "starting", attempt: 2 });
    expect(markets(world)).toEqual(["as the profile says", "on-demand"]);
  });

  it("is not run again for ever", async () => {
    const world = ownJobs();
    const { key } = await world.submit();
    await world.pump();
    for (let round = 0; round < 6; round++) {
      const agent = world.agents().at(-1);
      if (agent === undefined) break;
      await agent.take();
      await agent.start();
      await warn(world, agent.runner);
      await agent.finish(null, "interrupted");
      await world.pump();
    }
    expect(await world.job(key)).toMatchObject({ state: "failed", reason: "interrupted", attempt: 4 });
  });
});
