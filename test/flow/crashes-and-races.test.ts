/** Each test is a moment between two writes at which somebody died, was slow, or came first. */
import { cancelJob } from "../../runtime/flow/cancel-job";
import { handBack } from "../../runtime/flow/hand-back";
import { planLaunches } from "../../runtime/flow/plan-launches";
import { recover } from "../../runtime/flow/recover";
import { retireRunner } from "../../runtime/flow/retire-runner";
import { sweep } from "../../runtime/flow/sweep";
import { World } from "../fakes/flow-world";
import { someProfile, someSettings } from "../fixtures/records";

const capped = (maxRunners: number) => someSettings([someProfile({ limits: { maxRunners } })]);
const twoProfiles = (maxRunners: number) =>
  someSettings([someProfile({ name: "a" }), { ...someProfile({ name: "b" }), labels: ["b"] }], { maxRunners });
const crash = () => Promise.reject(new Error("crash"));
const turnAfterTurn = () => new Promise((resolve) => setImmediate(resolve));

/** Messages whose flow fails are dropped: the sweep must do without them. */
async function pumpWhatWorks(world: World): Promise<void> {
  while ((await world.ports.queue.depth()) > 0) {
    await world.pump().catch(() => undefined);
    for (const { id } of await world.ports.queue.receive(1, 0)) await world.ports.queue.done(id);
    if ((await world.ports.queue.receive(1, 0)).length === 0) return;
  }
}

/** Machines of this runner cannot be ended. */
function stuck(world: World, runner: string): void {
  const terminate = world.compute.terminate.bind(world.compute);
  world.compute.terminate = (machines) => (machines.includes(runner) ? crash() : terminate(machines));
}

async function tryToSweep(world: World, times: number, ms: number): Promise<void> {
  for (let time = 0; time < times; time += 1) {
    world.clock.forward(ms);
    await sweep(world.ports).catch(() => undefined);
  }
}

describe("planning", () => {
  it("goes on after a crash between taking the share and writing the record, and gives the share back", async () => {
    const world = new World(twoProfiles(1));
    const { key } = await world.submit({ profile: "a" });
    const save = world.ledger.savePlanner.bind(world.ledger);
    world.ledger.savePlanner = crash;
    await pumpWhatWorks(world);
    world.ledger.savePlanner = save;
    await cancelJob(await world.job(key), world.ports);
    await world.turn(world.settings.lease.durationMs);
    await world.submit({ profile: "b" });
    await world.turn();
    expect(world.compute.machines.map((machine) => machine.profile)).toEqual(["b"]);
  });

  it("keeps the fleet's limit when a slow planner comes back late", async () => {
    const world = new World(twoProfiles(1));
    const { agent } = await world.running(0);
    await agent.finish();
    await retireRunner({ profile: "a", runner: agent.runner, reason: null }, world.ports);
    for (const { id } of await world.ports.queue.receive(10, 0)) await world.ports.queue.done(id);
    const read = world.ledger.readProfile.bind(world.ledger);
    let goOn = () => {};
    const gate = new Promise<void>((resolve) => (goOn = resolve));
    world.ledger.readProfile = async (profile) => {
      world.ledger.readProfile = read;
      const view = await read(profile);
      await gate;
      return view;
    };
    const slow = planLaunches("a", world.ports);
    await turnAfterTurn();
    await world.submit({ profile: "a" });
    await planLaunches("a", world.ports);
    goOn();
    await expect(slow).rejects.toMatchObject({ code: "conflict" });
    await world.submit({ profile: "b" });
    await planLaunches("b", world.ports);
    expect(world.compute.machines).toHaveLength(1);
  });

  it("lets profiles that compete for the fleet's room take turns, however busy one is", async () => {
    const world = new World(twoProfiles(2));
    for (let index = 0; index < 6; index += 1) await world.submit({ profile: "a" });
    const { key } = await world.submit({ profile: "b" });
    await world.pump();
    for (let round = 0; round < 10; round += 1) {
      await world.submit({ profile: "a" });
      await world.submit({ profile: "a" });
      for (const agent of world.agents()) await agent.serve();
      await world.turn(1_000);
    }
    expect(await world.job(key)).toMatchObject({ state: "completed" });
    expect(world.compute.machines.length).toBeLessThanOrEqual(2);
  });

  it("waits for a planner that died no longer than a function can live, however long silence is trusted", async () => {
    const world = new World({ ...capped(2), lease: { durationMs: 3 * 60_000 } });
    await world.submit();
    const launch = world.compute.launch.bind(world.compute);
    world.compute.launch = () => new Promise(() => undefined);
    void planLaunches("small", world.ports);
    await turnAfterTurn();
    world.compute.launch = launch;
    world.clock.forward(76_000);
    await world.submit();
    await world.pump();
    expect(world.compute.machines).toHaveLength(2);
  });

  it("keeps the profile's limit when a launch that was given up answers after all", async () => {
    const world = new World(capped(1));
    await world.submit();
    const launch = world.compute.launch.bind(world.compute);
    let answer = () => {};
    const late = new Promise<void>((resolve) => (answer = resolve));
    let calls = 0;
    world.compute.launch = async (request) => {
      calls += 1;
      if (calls === 1) await late;
      else if (calls <= 5) throw new Error("no answer");
      return launch(request);
    };
    const first = planLaunches("small", world.ports);
    await turnAfterTurn();
    for (let time = 0; time < 12 && world.compute.machines.length === 0; time += 1) {
      world.clock.forward(31_000);
      await sweep(world.ports);
    }
    await world.agents()[0]?.take();
    answer();
    await first;
    expect((await world.view()).runners).toHaveLength(1);
    expect(world.compute.machines).toHaveLength(1);
  });
});

describe("a machine that cannot be ended", () => {
  it("keeps no other deadline from being kept", async () => {
    const world = new World(capped(1));
    const { agent } = await world.running();
    stuck(world, agent.runner);
    await agent.finish();
    const { key } = await world.submit();
    await pumpWhatWorks(world);
    await tryToSweep(world, 5, world.settings.profiles[0]?.timeouts.queuedMs ?? 0);
    expect(await world.job(key)).toMatchObject({ state: "expired" });
  });

  it("keeps no dead agent from being noticed", async () => {
    const world = new World();
    const [bad, good] = [await world.running(), await world.running()];
    stuck(world, bad.agent.runner);
    world.compute.die(bad.agent.runner);
    world.compute.die(good.agent.runner);
    await tryToSweep(world, 2, 5_000);
    expect(await world.job(good.key)).toMatchObject({ state: "failed", reason: "agent-lost" });
  });

  it("does not fill the queue", async () => {
    const world = new World();
    const { agent } = await world.running();
    stuck(world, agent.runner);
    await agent.finish();
    await pumpWhatWorks(world);
    await tryToSweep(world, 100, 5_000);
    expect(await world.ports.queue.depth()).toBeLessThan(10);
  });

  it("keeps no other runner from being handed back", async () => {
    const world = new World();
    await world.submit();
    await world.submit();
    await world.pump();
    stuck(world, world.compute.machines[0]?.runner ?? "");
    await handBack(world.ports);
    expect(world.compute.machines).toHaveLength(1);
  });
});

describe("a job", () => {
  it("is found again when its runner was lost and the word of it with the server", async () => {
    const world = new World();
    const { key, agent } = await world.running(1);
    world.compute.die(agent.runner);
    const save = world.ledger.saveJob.bind(world.ledger);
    world.ledger.saveJob = crash;
    await sweep(world.ports).catch(() => undefined);
    world.ledger.saveJob = save;
    world.clock.forward(31_000);
    await recover(world.ports);
    expect(await world.job(key)).toMatchObject({ state: "starting", attempt: 2 });
  });

  it("is never bound to a runner that is retired in the same moment", async () => {
    const world = new World();
    const first = await world.submit();
    await world.pump();
    await cancelJob(await world.job(first.key), world.ports);
    const [agent] = world.agents();
    await agent?.take();
    const second = await world.submit();
    world.clock.forward(world.settings.profiles[0]?.timeouts.idleMs ?? 0);
    const save = world.ledger.saveJob.bind(world.ledger);
    world.ledger.saveJob = async (job) => {
      if (job.bound) {
        world.ledger.saveJob = save;
        await sweep(world.ports);
      }
      return save(job);
    };
    const orders = await agent?.beat();
    expect(orders?.assignment?.job).toBe(second.key);
    expect(world.compute.machine(agent?.runner ?? "")?.alive).toBe(true);
  });

  it("that runs is not failed by a boot deadline that was judged before it began", async () => {
    const world = new World();
    const { key } = await world.submit();
    await world.pump();
    const [agent] = world.agents();
    world.clock.forward(world.settings.profiles[0]?.timeouts.bootMs ?? 0);
    const save = world.ledger.saveRunner.bind(world.ledger);
    world.ledger.saveRunner = async (runner) => {
      world.ledger.saveRunner = save;
      await agent?.take();
      await agent?.start();
      return save(runner);
    };
    await sweep(world.ports);
    expect(await world.job(key)).toMatchObject({ state: "running" });
  });

  it("whose runner took it and never got ready waits again, with another machine", async () => {
    const world = new World();
    const { key } = await world.submit();
    await world.pump();
    const [agent] = world.agents();
    await agent?.take();
    await tryToSweep(world, 20, 60_000);
    await world.pump();
    const job = await world.job(key);
    expect(job.timeline).toContainEqual(expect.objectContaining({ stage: "relaunched", reason: "boot-timeout" }));
    expect(world.compute.machine(agent?.runner ?? "")).toBeUndefined();
  });

  it("that is being prepared is not expired by the queue's time-out", async () => {
    const world = new World();
    const { key } = await world.submit();
    await world.pump();
    world.clock.forward((world.settings.profiles[0]?.timeouts.queuedMs ?? 0) - 1);
    await world.agents()[0]?.take();
    await tryToSweep(world, 1, 1);
    expect(await world.job(key)).toMatchObject({ state: "starting", bound: true });
  });
});
