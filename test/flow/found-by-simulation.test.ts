/** What the simulator found, each as small as it goes (docs/reliability.md). The seeds are in test/simulation/regressions.ts. */
import { admitEvent } from "../../runtime/flow/admit-events";
import { removeGhosts } from "../../runtime/flow/ask-source";
import { assignJob } from "../../runtime/flow/assign-job";
import { planLaunches } from "../../runtime/flow/plan-launches";
import { readWhy } from "../../runtime/flow/read-job";
import { ForgeWorld, listeningJob, runningJob } from "../fakes/forge-world";
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

describe("a launch that is given up though a right was made for it", () => {
  it("leaves nobody at the forge: whoever stands there by its name is known to be gone", async () => {
    const world = new ForgeWorld({ profiles: [someProfile({ timeouts: { bootMs: 60 * minute } })] });
    world.ledger.createRunner = async () => {
      const [machine = ""] = world.machines();
      world.compute.vanish(machine);
      Reflect.deleteProperty(world.ledger, "createRunner");
      return Promise.reject(new Error("the ledger does not answer"));
    };
    await world.tell(world.forge.queue({ id: "a" }));
    const [name = ""] = world.forge.runners.keys();
    for (let tries = 0; tries < 3; tries += 1) world.compute.breakNext("launch", "before");
    for (let round = 0; round < 12; round += 1) await world.turn(31 * second);
    expect([...world.forge.runners.keys()]).toContain(name);
    world.forge.leaves(name.replace("onejob-", ""));
    await removeGhosts("gh", world.ports);
    expect([...world.forge.runners.keys()]).not.toContain(name);
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

describe("a runner that runs what nobody named", () => {
  it("is asked for at the forge half a minute later, so that no other job waits for it", async () => {
    const { world, runner, agent } = await listeningJob();
    await world.tell(world.forge.queue({ id: "b" }));
    const taken = world.forge.assignTo(`onejob-${runner}`);
    await agent.start();
    await world.turn(10 * second);
    expect((await world.runner(runner))?.job).toBeNull();
    for (let round = 0; round < 6; round += 1) await world.turn(5 * second);
    expect((await world.runner(runner))?.job).toBe(taken?.facts.key);
  });
});

describe("a forge that is silent while a runner has what nobody named", () => {
  /** Job `a` waits for it, but the forge gave it another one, of which nobody told us. */
  async function stolenRunner() {
    const { world, runner, agent } = await listeningJob();
    world.forge.move("a", "waiting");
    world.forge.queue({ id: "b" });
    world.forge.assign();
    world.forge.move("a", "queued");
    world.forge.failWith("source-unreachable");
    await agent.start();
    for (let round = 0; round < 20; round += 1) await world.turn(31 * second).catch(() => world.pump());
    return { world, runner, why: async () => readWhy(await world.forgeJob("a"), world.ports) };
  }

  it("is the reason of the job that waits for that runner", async () => {
    const { why } = await stolenRunner();
    expect(await why()).toMatchObject({ reason: "source-unreachable" });
  });

  it("is asked again when it answers, so that the job that waits gets a machine of its own", async () => {
    const { world, runner, why } = await stolenRunner();
    world.forge.failWith(undefined);
    for (let round = 0; round < 5; round += 1) await world.turn(minute);
    expect((await world.runner(runner))?.job).toBe("gh/forge.example/b");
    expect(await why()).toMatchObject({ reason: null });
    expect((await world.forgeJob("a")).runner).not.toBe(runner);
    expect(world.machines()).toHaveLength(2);
  });
});

describe("a machine that listens in vain for a job that its forge has forgotten", () => {
  /** Until its idle time-out. */
  async function inVain(answer?: "source-unreachable") {
    const { world } = await listeningJob({ profiles: [someProfile({ timeouts: { idleMs: minute } })] });
    world.forge.jobs.delete("a");
    world.forge.failWith(answer);
    await world.turn(61 * second);
    return { world, planner: (await world.view()).planner };
  }

  it("ends that job, and is no proof against machines of its reach", async () => {
    const { world, planner } = await inVain();
    expect(await world.forgeJob("a")).toMatchObject({ state: "cancelled", reason: "cancelled-by-source" });
    expect(planner.breakers).toEqual({});
  });

  it("proves nothing either while the forge is silent, and the job says so", async () => {
    const { world, planner } = await inVain("source-unreachable");
    expect(planner.breakers).toEqual({});
    const why = await readWhy(await world.forgeJob("a"), world.ports);
    expect(why).toMatchObject({ waiting: true, reason: "source-unreachable" });
  });
});

describe("a machine beyond demand", () => {
  it("is retired after a minute while it boots, and after a minute of listening", async () => {
    const world = new ForgeWorld();
    await world.tell(world.forge.queue({ id: "a" }), world.forge.queue({ id: "b" }));
    const [up = ""] = world.machines();
    await world.up(up);
    await world.tell(world.forge.end("a", "cancelled"), world.forge.end("b", "cancelled"));
    await world.turn(59 * second);
    expect((await world.runner(up))?.draining).toBe(false);
    await world.turn(2 * second);
    expect((await world.runner(up))?.draining).toBe(true);
    expect(world.machines()).toEqual([up]);
  });

  it("stays while a job in its reach waits", async () => {
    const world = new ForgeWorld();
    await world.tell(world.forge.queue({ id: "a" }));
    const [up = ""] = world.machines();
    await world.up(up);
    for (let round = 0; round < 4; round += 1) await world.turn(31 * second);
    expect((await world.runner(up))?.draining).toBe(false);
  });
});

describe("a job that lost its machine while another one is free", () => {
  it("is shown with that one, so that it never waits without a word", async () => {
    const profile = someProfile({ limits: { maxRunners: 2 } });
    const world = new ForgeWorld({ profiles: [profile] });
    await world.tell(world.forge.queue({ id: "a" }), world.forge.queue({ id: "b" }));
    await world.allUp();
    const [first = "", second_ = ""] = world.machines();
    // The job that waited for the second machine is gone, and a new one comes.
    const owner = (await world.runner(second_))?.meantFor?.split("/").at(-1) ?? "";
    await world.tell(world.forge.end(owner, "cancelled"), world.forge.queue({ id: "c" }));
    expect((await world.forgeJob("c")).runner).toBe(second_);
    expect(first).not.toBe(second_);
  });
});

describe("a runner whose job is named by the job alone", () => {
  it("stands for no other one: the next plan writes its half, too", async () => {
    const { world, runner, started } = await runningJob({ profiles: [someProfile({ limits: { maxRunners: 2 } })] });
    await world.agent(runner).start();
    const save = world.ledger.saveRunner.bind(world.ledger);
    world.ledger.saveRunner = () => Promise.reject(new Error("the ledger is away"));
    await admitEvent(started, world.ports).catch(() => undefined);
    world.ledger.saveRunner = save;
    expect((await world.runner(runner))?.job).toBeNull();
    await world.tell(world.forge.queue({ id: "b" }));
    expect((await world.runner(runner))?.job).toBe("gh/forge.example/a");
    expect(world.machines()).toHaveLength(2);
  });
});

describe("a job that a runner of another profile took", () => {
  it("is written on that runner, too, though only the job names it", async () => {
    const profiles = [
      someProfile({ name: "small" }),
      { ...someProfile({ name: "large" }), labels: ["linux", "large"] },
    ];
    const world = new ForgeWorld({ profiles });
    await world.tell(world.forge.queue({ id: "b", labels: ["linux", "large"] }));
    const [runner = ""] = world.machines();
    await world.up(runner);
    await world.tell(world.forge.queue({ id: "a", labels: ["linux"] }));
    const taken = world.forge.assign(() => 1);
    const save = world.ledger.saveRunner.bind(world.ledger);
    world.ledger.saveRunner = () => Promise.reject(new Error("the ledger is away"));
    if (taken !== undefined) await admitEvent(taken.event, world.ports).catch(() => undefined);
    world.ledger.saveRunner = save;
    expect(await world.forgeJob("a")).toMatchObject({ state: "running", profile: "small", runner });
    await world.turn(10 * second);
    expect((await world.runner(runner))?.job).toBe("gh/forge.example/a");
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
