/** What the simulator found, each as small as it goes (docs/reliability.md). The seeds are in test/simulation/regressions.ts. */
import { assignJob } from "../../runtime/flow/assign-job";
import { planLaunches } from "../../runtime/flow/plan-launches";
import { readWhy } from "../../runtime/flow/read-job";
import { ForgeWorld } from "../fakes/forge-world";
import { World } from "../fakes/flow-world";
import { someProfile, someSettings } from "../fixtures/records";

const second = 1_000;
const minute = 60 * second;

describe("a launch whose answers are lost time and again", () => {
  it("is not given up while its machines run: they count, so the cap holds", async () => {
    const world = new World(
      someSettings([someProfile({ limits: { maxRunners: 2 }, timeouts: { bootMs: 60 * minute } })]),
    );
    for (let tries = 0; tries < 4; tries += 1) world.compute.breakNext("launch", "after");
    for (let job = 0; job < 4; job += 1) await world.submit();
    await world.pump();
    for (let round = 0; round < 10; round += 1) {
      await world.turn(31 * second);
      expect(world.compute.machines.length).toBeLessThanOrEqual(2);
    }
    const { planner, runners } = await world.view();
    expect(planner.launches).toEqual([]);
    expect(runners.length).toBeGreaterThan(0);
  });

  it("is given up once the compute says that nothing is there, and its jobs are tried anew", async () => {
    const world = new World(someSettings([someProfile({ timeouts: { bootMs: 60 * minute } })]));
    for (let tries = 0; tries < 4; tries += 1) world.compute.breakNext("launch", "before");
    await world.submit();
    await world.pump();
    for (let round = 0; round < 12; round += 1) await world.turn(31 * second);
    expect(world.compute.started).toHaveLength(1);
  });

  it("stays open while the compute cannot say what is there", async () => {
    const world = new World();
    for (let tries = 0; tries < 4; tries += 1) world.compute.breakNext("launch", "after");
    await world.submit();
    await world.pump();
    for (let round = 0; round < 20; round += 1) world.compute.breakNext("list", "before");
    for (let round = 0; round < 8; round += 1) await world.turn(31 * second).catch(() => undefined);
    expect((await world.view()).planner.launches).toHaveLength(1);
  });
});

describe("an agent that has its right and never says that it listens", () => {
  async function silentAgent() {
    const profile = someProfile({ timeouts: { bootMs: minute } });
    const world = new ForgeWorld({ profiles: [profile] });
    await world.tell(world.forge.queue({ id: "a" }));
    const [runner = ""] = world.machines();
    await world.agent(runner).enrol();
    world.forge.listens(runner);
    return { world, runner };
  }

  it("is not ended at its boot time-out under a job that nobody told of", async () => {
    const { world, runner } = await silentAgent();
    world.forge.assign();
    for (let round = 0; round < 6; round += 1) await world.turn(31 * second);
    expect(world.machines()).toContain(runner);
  });

  it("is ended after ten minutes in silence, once the forge has taken its right back", async () => {
    const { world, runner } = await silentAgent();
    for (let round = 0; round < 30; round += 1) await world.turn(31 * second);
    expect(world.machines()).not.toContain(runner);
    expect([...world.forge.runners.keys()]).not.toContain(`onejob-${runner}`);
  });

  it("counts as one more machine that failed, once", async () => {
    const { world } = await silentAgent();
    for (let round = 0; round < 3; round += 1) await world.turn(31 * second);
    const [breaker] = Object.values((await world.view()).planner.breakers);
    expect(breaker?.failures).toBe(1);
  });
});

describe("a launch that had to be made again", () => {
  it("is the reason of its job, also when whoever made it died and nobody heard the compute", async () => {
    const world = new World();
    const { key } = await world.submit();
    world.compute.launch = () => new Promise(() => undefined);
    void planLaunches("small", world.ports);
    await new Promise((resolve) => setImmediate(resolve));
    expect((await readWhy(await world.job(key), world.ports)).reason).toBeNull();
    world.clock.forward(31 * second);
    void planLaunches("small", world.ports);
    await new Promise((resolve) => setImmediate(resolve));
    expect(await readWhy(await world.job(key), world.ports)).toMatchObject({ reason: "no-capacity" });
  });
});

describe("a launch that stays open, when one of its machines has come and gone", () => {
  it("does not stand for that one any more: its job waits, and says for what", async () => {
    const world = new ForgeWorld();
    const create = world.ledger.createRunner.bind(world.ledger);
    let written = 0;
    world.ledger.createRunner = (runner) =>
      written++ === 0 ? create(runner) : Promise.reject(new Error("the ledger is away"));
    await world.ports.queue.send(["a", "b"].map((id) => ({ kind: "job-event", event: world.forge.queue({ id }) })));
    await world.pump();
    const [first = ""] = world.machines();
    expect((await world.forgeJob("a")).runner).toBe(first);
    for (let tries = 0; tries < 10; tries += 1) world.compute.breakNext("launch", "before");
    const agent = await world.up(first);
    world.forge.move("a", "waiting");
    await world.tell(world.forge.assign()?.event ?? world.forge.event("b"));
    world.forge.move("a", "queued");
    await world.tell(world.forge.end("b"));
    await agent.finish();
    await world.pump();
    expect(await world.stateOf(first)).toBe("gone");
    for (let round = 0; round < 2; round += 1) await world.turn(31 * second);
    expect((await world.view()).planner.launches).toHaveLength(1);
    const why = await readWhy(await world.forgeJob("a"), world.ports);
    expect(why).toMatchObject({ job: { state: "queued" }, reason: "no-capacity" });
  });
});

describe("a runner that is being stopped with a job set aside for it", () => {
  it("does not take it: its machine is about to be ended", async () => {
    const world = new World();
    const { key } = await world.submit();
    await world.pump();
    const [agent] = world.agents();
    await agent?.take();
    const runner = await world.ledger.readRunner("small", agent?.runner ?? "");
    const job = await world.job(key);
    if (runner === undefined) throw new Error("no runner");
    // As a crash between the two writes of an assignment leaves it, and then somebody ends the runner.
    const free = { ...job, state: "queued", bound: false, runner: null, version: job.version + 1 } as const;
    await world.ledger.saveJob(free);
    const stopping = { ...runner, state: "stopping", job: key, attempt: 1, version: runner.version + 1 } as const;
    await world.ledger.saveRunner(stopping);
    expect((await assignJob(stopping, world.ports)).job).toBeUndefined();
    expect((await world.job(key)).bound).toBe(false);
  });
});
