/** Answers that come too late, servers that were away too long, and words that cross. */
import { cancelJob } from "../../runtime/flow/cancel-job";
import { drainFleet } from "../../runtime/flow/drain";
import { handBack } from "../../runtime/flow/hand-back";
import { planLaunches } from "../../runtime/flow/plan-launches";
import { recover } from "../../runtime/flow/recover";
import { sweep } from "../../runtime/flow/sweep";
import { World } from "../fakes/flow-world";
import { someProfile, someSettings } from "../fixtures/records";

/** Does `act` once, right before the write that binds a job to its runner. */
function beforeBinding(world: World, act: () => Promise<void>): void {
  const save = world.ledger.saveJob.bind(world.ledger);
  world.ledger.saveJob = async (job) => {
    if (job.bound) {
      world.ledger.saveJob = save;
      await act();
    }
    return save(job);
  };
}

async function submitted(count = 1): Promise<World> {
  const world = new World();
  for (let index = 0; index < count; index += 1) await world.submit();
  await world.pump();
  return world;
}

async function onlyJob(world: World) {
  const { items } = await world.ledger.listJobs({ limit: 1 });
  return world.job(items[0]?.key ?? "");
}

describe("a compute that answers after its launch was replayed", () => {
  it("does not end the machine that the replay wrote down", async () => {
    const world = new World();
    await world.submit();
    const launch = world.compute.launch.bind(world.compute);
    let answer = () => {};
    const late = new Promise<void>((resolve) => (answer = resolve));
    world.compute.launch = async (request) => {
      world.compute.launch = launch;
      const outcomes = await launch(request);
      await late;
      return outcomes;
    };
    const first = planLaunches("small", world.ports);
    await new Promise((resolve) => setImmediate(resolve));
    world.clock.forward(31_000);
    await sweep(world.ports);
    const [agent] = world.agents();
    await agent?.take();
    await agent?.start();
    answer();
    await first;
    await world.turn(1_000);
    expect(await onlyJob(world)).toMatchObject({ state: "running" });
  });
});

describe("a server that was away", () => {
  it("longer than a job may take to get ready does not run it twice", async () => {
    const world = await submitted();
    const [agent] = world.agents();
    await agent?.take();
    world.clock.forward(16 * 60_000);
    await recover(world.ports);
    await world.pump();
    await agent?.start();
    expect(await onlyJob(world)).toMatchObject({ state: "running", attempt: 1 });
    expect(world.compute.started).toHaveLength(1);
  });

  it("while machines booted does not take them for broken", async () => {
    const world = await submitted(3);
    world.clock.forward(world.settings.profiles[0]?.timeouts.bootMs ?? 0);
    await recover(world.ports);
    await world.pump();
    expect((await world.view()).planner).toMatchObject({ blocked: {}, breakers: {} });
    expect(world.compute.started).toHaveLength(3);
  });

  it("again and again leaves a job its tries: only a machine that died counts", async () => {
    const world = await submitted();
    for (let restart = 0; restart < 3; restart += 1) {
      await handBack(world.ports);
      await recover(world.ports);
      await world.pump();
    }
    const agent = world.agents().at(-1);
    await agent?.take();
    world.compute.die(agent?.runner ?? "");
    await world.turn(5_000);
    expect(await onlyJob(world)).toMatchObject({ state: "starting", attempt: 1 });
  });
});

describe("a clock that is set an hour forward while machines boot", () => {
  it("does not take them for broken, unless they still say nothing", async () => {
    const world = await submitted(3);
    world.clock.forward(3_600_000);
    await world.turn();
    expect((await world.view()).planner).toMatchObject({ blocked: {}, breakers: {} });
    expect(world.compute.started).toHaveLength(3);
    const first = world.agents().map(({ runner }) => runner);
    await world.turn(world.settings.lease.durationMs);
    const left = (await world.view()).runners.map(({ id }) => id);
    expect(left.filter((id) => first.includes(id))).toEqual([]);
  });

  it("notices one that died meanwhile", async () => {
    const world = await submitted();
    world.clock.forward(3_600_000);
    world.compute.die(world.agents()[0]?.runner ?? "");
    await world.turn();
    expect(world.compute.started).toHaveLength(2);
  });
});

describe("a clock that is set an hour forward while a job runs that may take a minute", () => {
  const running = async () => {
    const world = await submitted();
    const [agent] = world.agents();
    await agent?.take();
    await agent?.start();
    return world;
  };

  it("leaves it to its agent, which measures its time, and has seen none pass", async () => {
    const world = await running();
    await world.turn(3_600_000);
    expect(await onlyJob(world)).toMatchObject({ state: "running", attempt: 1 });
  });

  it("ends it all the same when its agent never does", async () => {
    const world = await running();
    await world.turn(3_600_000);
    const { deadlineAt } = await onlyJob(world);
    await world.turn((deadlineAt ?? 0) - world.clock.now());
    expect(await onlyJob(world)).toMatchObject({ state: "failed", reason: "job-timeout" });
  });

  it("does not keep one that somebody cancelled", async () => {
    const world = await running();
    await cancelJob(await onlyJob(world), world.ports);
    await world.turn(3_600_000);
    expect(await onlyJob(world)).toMatchObject({ state: "cancelled" });
  });
});

describe("a job whose machines die while they prepare it", () => {
  it("is not tried for ever", async () => {
    const world = await submitted();
    for (let death = 0; death < 6 && (await world.view()).jobs.length > 0; death += 1) {
      const agent = world.agents().at(-1);
      await agent?.take();
      world.compute.die(agent?.runner ?? "");
      await world.turn(1_000);
    }
    expect(await onlyJob(world)).toMatchObject({ state: "failed", reason: "agent-lost" });
    expect(world.compute.started).toHaveLength(4);
  });
});

describe("a runner that is about to take a job", () => {
  it("counts for it: no second machine is made", async () => {
    const world = await submitted();
    beforeBinding(world, () => planLaunches("small", world.ports));
    await world.agents()[0]?.take();
    expect(world.compute.started).toHaveLength(1);
  });

  it("gets it not when a drain that is not to wait comes first", async () => {
    const world = await submitted();
    beforeBinding(world, () => drainFleet({ now: true }, world.ports));
    expect((await world.agents()[0]?.take())?.assignment).toBeNull();
    expect(await onlyJob(world)).toMatchObject({ state: "cancelled" });
  });
});

describe("a job whose loss was not written", () => {
  it("is tried again although its machine cannot be ended", async () => {
    const world = new World();
    const { key, agent } = await world.running(1);
    world.compute.die(agent.runner);
    const save = world.ledger.saveJob.bind(world.ledger);
    world.ledger.saveJob = () => Promise.reject(new Error("crash"));
    await sweep(world.ports).catch(() => undefined);
    world.ledger.saveJob = save;
    world.compute.terminate = () => Promise.reject(new Error("stuck"));
    for (let minute = 0; minute < 3; minute += 1) {
      world.clock.forward(60_000);
      await sweep(world.ports).catch(() => undefined);
    }
    expect(await world.job(key)).toMatchObject({ attempt: 2 });
  });
});

describe("three profiles under one limit, whatever happens in whatever order", () => {
  const profiles = ["a", "b", "c"].map((name) => ({ ...someProfile({ name }), labels: [name] }));

  it.each(Array.from({ length: 20 }, (_, index) => index + 1))(
    "end all their jobs and leave nothing (seed %i)",
    async (seed) => {
      const world = new World(someSettings(profiles, { maxRunners: 3 }));
      let state = seed * 7_919;
      const chance = () => (state = (state * 1_103_515_245 + 12_345) & 0x7fffffff) / 0x7fffffff;
      const keys: string[] = [];
      for (let step = 0; step < 40; step += 1) {
        const dice = chance();
        const profile = profiles[Math.floor(chance() * 3)]?.name ?? "a";
        if (dice < 0.4) keys.push((await world.submit({ profile, retries: 1 })).key);
        else if (dice < 0.5 && keys.length > 0)
          await cancelJob(await world.job(keys[step % keys.length] ?? ""), world.ports);
        else if (dice < 0.75) for (const agent of world.agents()) await agent.serve().catch(() => undefined);
        else if (dice < 0.8) world.compute.answerNext("no-capacity");
        else if (dice < 0.9) world.compute.die(world.compute.machines[0]?.runner ?? "");
        expect(world.compute.machines.length).toBeLessThanOrEqual(3);
        world.clock.forward(chance() * 4_000);
        await sweep(world.ports);
        await world.pump();
      }
      for (let round = 0; round < 60; round += 1) {
        for (const agent of world.agents()) await agent.serve().catch(() => undefined);
        await world.turn(20_000);
      }
      const open = (await Promise.all(keys.map((key) => world.job(key)))).filter((job) => job.finishedAt === null);
      expect(open).toEqual([]);
      expect(await world.ledger.readFleet()).toMatchObject({ hungry: [] });
      expect(world.compute.machines.filter((machine) => machine.alive)).toEqual([]);
    },
  );
});
