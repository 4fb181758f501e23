/** What people found who read the flows and the simulator with fresh eyes. */
import { settleRun } from "../../runtime/flow/look-at-job";
import { planLaunches } from "../../runtime/flow/plan-launches";
import { readWhy } from "../../runtime/flow/read-job";
import { ForgeWorld, listeningJob } from "../fakes/forge-world";
import { World } from "../fakes/flow-world";
import { someProfile, someSettings } from "../fixtures/records";

const second = 1_000;
const minute = 60 * second;

/** `minutes` pass while the agent says that it lives. */
async function beating(world: World, agent: { beat(): Promise<unknown> }, minutes: number): Promise<void> {
  for (let waited = 0; waited < minutes * minute; waited += 10 * second) {
    await agent.beat().catch(() => undefined);
    await world.turn(10 * second);
  }
}

/** A job that runs, named, with the agent that runs it. */
async function runningAgent() {
  const { world, runner, agent } = await listeningJob();
  const started = world.forge.assignTo(`onejob-${runner}`);
  await agent.start();
  if (started !== undefined) await world.tell(started);
  return { world, runner, agent };
}

describe("a compute that gives no answer", () => {
  it("is the reason of every job that waits for it, from its first silence on, and all of them run when it is back", async () => {
    const world = new World();
    for (let call = 0; call < 5; call += 1) world.compute.breakNext("launch", "before");
    for (let call = 0; call < 40; call += 1) world.compute.breakNext("list", "before");
    const { key } = await world.submit();
    await world.pump();
    const why = () => world.job(key).then((job) => readWhy(job, world.ports));
    expect(await why()).toMatchObject({ reason: "no-capacity", waiting: true });
    for (let round = 0; round < 20; round += 1) {
      await world.turn(31 * second).catch(() => undefined);
      expect(await why()).toMatchObject({ reason: "no-capacity" });
    }
    for (let round = 0; round < 60 && world.agents().length === 0; round += 1)
      await world.turn(31 * second).catch(() => undefined);
    for (const agent of world.agents()) await agent.serve();
    expect(await world.job(key)).toMatchObject({ state: "completed" });
  });

  it("is not blamed for a write of ours that failed", async () => {
    const world = new World();
    const create = world.ledger.createRunner.bind(world.ledger);
    world.ledger.createRunner = () => Promise.reject(new Error("the ledger is away"));
    await world.submit();
    await world.pump();
    world.ledger.createRunner = create;
    expect((await world.view()).planner.blocked).toEqual({});
    await world.turn(31 * second);
    expect((await world.view()).runners).toHaveLength(1);
  });
});

describe("an agent that is asked to leave, says that it lives, and never leaves", () => {
  const listener = async () => {
    const { world, runner, agent } = await listeningJob();
    return { world, runner, agent };
  };
  const starter = async () => {
    const world = new ForgeWorld({ profiles: [someProfile({ timeouts: { bootMs: minute } })] });
    await world.tell(world.forge.queue({ id: "a" }));
    const [runner = ""] = world.machines();
    const agent = world.agent(runner);
    await agent.enrol();
    return { world, runner, agent };
  };

  it.each([
    ["listens", listener],
    ["never came so far as to listen", starter],
  ])("is ended ten minutes later when its forge lets go: it %s", async (_, begin) => {
    const { world, runner, agent } = await begin();
    await world.tell(world.forge.end("a", "cancelled"));
    await beating(world, agent, 9);
    expect(world.machines()).toContain(runner);
    await beating(world, agent, 20);
    expect(world.machines()).not.toContain(runner);
  });

  it("is left alone while its forge says that it has a job", async () => {
    const { world, runner, agent } = await listener();
    await world.tell(world.forge.end("a", "cancelled"));
    await beating(world, agent, 2);
    world.forge.queue({ id: "b" });
    world.forge.assignTo(`onejob-${runner}`);
    await beating(world, agent, 30);
    expect(world.machines()).toContain(runner);
  });
});

describe("many runners that run what nobody named", () => {
  const unnamed = async (count: number) => {
    const world = new ForgeWorld({
      profiles: [someProfile({ limits: { maxRunners: count } })],
      server: { maxRunners: count },
    });
    for (let job = 0; job < count; job += 1) await world.tell(world.forge.queue({ id: `${job}` }));
    await world.allUp();
    for (const runner of world.machines()) {
      world.forge.assignTo(`onejob-${runner}`);
      await world.agent(runner).start();
    }
    world.forge.calls.length = 0;
    return world;
  };

  it("cost a few calls and one look at everything in a sweep, however many they are", async () => {
    const world = await unnamed(30);
    await world.turn(31 * second);
    expect(world.forge.calls.filter((call) => call === "jobState").length).toBeLessThanOrEqual(10);
    expect(world.forge.calls.filter((call) => call === "findJobs")).toHaveLength(1);
    const { runners } = await world.view();
    expect(runners.filter(({ job }) => job === null)).toEqual([]);
  });

  it("cost one call while the forge does not answer", async () => {
    const world = await unnamed(30);
    world.forge.failWith("source-unreachable");
    await world.turn(31 * second).catch(() => undefined);
    expect(world.forge.calls).toHaveLength(1);
  });
});

describe("many runners that are overdue at once", () => {
  it("cost one listing of their compute", async () => {
    const world = new World(
      someSettings([someProfile({ limits: { maxRunners: 20 }, timeouts: { bootMs: 60 * minute } })]),
    );
    for (let job = 0; job < 20; job += 1) await world.submit();
    await world.pump();
    for (const agent of world.agents()) await agent.take();
    for (const agent of world.agents()) await agent.start().catch(() => undefined);
    let listings = 0;
    const list = world.compute.list.bind(world.compute);
    world.compute.list = () => {
      listings += 1;
      return list();
    };
    await world.turn(5 * minute);
    // One for deadlines, one for what should not be there.
    expect(listings).toBe(2);
  });
});

describe("a server that always comes much too late", () => {
  it("ends a job past its time all the same: more time is given once", async () => {
    const world = new World();
    const { key } = await world.running();
    for (let round = 0; round < 3; round += 1) await world.turn(60 * minute);
    expect(await world.job(key)).toMatchObject({ state: "failed", reason: "job-timeout" });
  });
});

describe("a job whose machine took another one", () => {
  it("says what holds it back, and not that its machine is starting", async () => {
    const world = new ForgeWorld({ profiles: [someProfile({ limits: { maxRunners: 1 } })] });
    await world.tell(world.forge.queue({ id: "a" }));
    const [runner = ""] = world.machines();
    const agent = await world.up(runner);
    await world.tell(world.forge.queue({ id: "b" }));
    const taken = world.forge.assign(() => 1);
    await agent.start();
    if (taken !== undefined) await world.tell(taken.event);
    await world.turn(10 * second);
    const waiting = await world.forgeJob("a");
    expect(waiting.runner).toBe(runner);
    expect(await readWhy(waiting, world.ports)).toMatchObject({ waiting: true, reason: "at-profile-cap" });
  });
});

describe("a machine that cannot be ended for long", () => {
  it("is withdrawn at its forge once", async () => {
    const { world, runner, agent } = await listeningJob();
    await world.tell(world.forge.end("a", "cancelled"));
    await agent.beat();
    for (let call = 0; call < 30; call += 1) world.compute.breakNext("terminate", "before");
    world.forge.leaves(runner);
    await agent.finish(0);
    for (let round = 0; round < 20; round += 1) await world.turn(31 * second).catch(() => undefined);
    expect(world.forge.calls.filter((call) => call === "withdraw")).toHaveLength(1);
    for (let round = 0; round < 40; round += 1) await world.turn(31 * second).catch(() => undefined);
    expect(world.machines()).toEqual([]);
  });
});

describe("the end of a run whose forge does not answer", () => {
  it("costs one call for each try, however many jobs are open", async () => {
    const world = new ForgeWorld({ profiles: [someProfile({ limits: { maxRunners: 1 } })] });
    for (let job = 0; job < 9; job += 1) await world.tell(world.forge.queue({ id: `${job}`, run: "7" }));
    world.forge.calls.length = 0;
    world.forge.failWith("source-unreachable");
    const run = { source: "gh", host: "forge.example", repository: "acme/widgets", run: "7" };
    await settleRun(run, world.ports).catch(() => undefined);
    expect(world.forge.calls).toEqual(["jobState"]);
  });
});

describe("runners whose jobs are over and whose agents are leaving", () => {
  it("are asked to leave once by the end of the job, and then by sweeps, not by every plan", async () => {
    const { world, runner, agent } = await runningAgent();
    await world.tell(world.forge.end("a"));
    await agent.beat();
    const sent: string[] = [];
    const send = world.ports.queue.send.bind(world.ports.queue);
    world.ports.queue.send = (messages) => {
      sent.push(...messages.map(({ kind }) => kind));
      return send(messages);
    };
    for (let plan = 0; plan < 5; plan += 1) await planLaunches("small", world.ports);
    expect(sent).toEqual([]);
    await planLaunches("small", world.ports, { isRound: true });
    expect(sent).toEqual(["retire"]);
    expect(world.machines()).toContain(runner);
  });
});

describe("a runner that never says what it runs", () => {
  it("is ended when it has run for longer than a job of its profile may", async () => {
    const timeouts = { bootMs: minute, idleMs: minute, jobMs: 20 * minute };
    const { world, runner, agent } = await listeningJob({ profiles: [someProfile({ timeouts })] });
    await world.tell(world.forge.end("a", "cancelled"));
    await agent.start();
    await beating(world, agent, 25);
    expect(world.machines()).toContain(runner);
    for (let round = 0; round < 20; round += 1) await world.turn(31 * second);
    expect(world.machines()).not.toContain(runner);
  });
});
