/** What the simulator found of jobs that a forge gives out, each as small as it goes (docs/reliability.md). */
import { admitEvent } from "../../runtime/flow/admit-events";
import { readWhy } from "../../runtime/flow/read-job";
import { ForgeWorld, listeningJob, runningJob } from "../fakes/forge-world";
import { someProfile } from "../fixtures/records";

const second = 1_000;
const minute = 60 * second;

describe("a machine that could not be written down", () => {
  it("is not known to its forge either, where nobody would take that back", async () => {
    const world = new ForgeWorld();
    world.ledger.createRunner = () => Promise.reject(new Error("the ledger is away"));
    await world.tell(world.forge.queue());
    expect(world.machines()).toHaveLength(1);
    expect([...world.forge.runners.keys()]).toEqual([]);
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

describe("a machine that listens in vain for a job that its forge does not know", () => {
  /** Until its idle time-out. */
  async function inVain(answer?: "source-unreachable") {
    const { world } = await listeningJob({ profiles: [someProfile({ timeouts: { idleMs: minute } })] });
    const told = world.forge.jobs.get("a");
    world.forge.jobs.delete("a");
    world.forge.failWith(answer);
    await world.turn(61 * second);
    const isThereAgain = () => told !== undefined && world.forge.jobs.set("a", told);
    return { world, planner: (await world.view()).planner, isThereAgain };
  }

  it("is no proof against machines of its reach", async () => {
    const { planner } = await inVain();
    expect(planner.breakers).toEqual({});
  });

  it("does not end that job, which is hidden from us perhaps, and runs once it is seen again", async () => {
    const { world, isThereAgain } = await inVain();
    expect(await world.forgeJob("a")).toMatchObject({ state: "starting", finishedAt: null });
    isThereAgain();
    await world.turn(minute);
    await world.allUp();
    await world.tell(...[world.forge.assign()?.event ?? []].flat());
    expect(await world.forgeJob("a")).toMatchObject({ state: "running" });
  });

  it("leaves it to the search for jobs, which ends it when it is gone for certain", async () => {
    const { world } = await inVain();
    await world.discover();
    expect((await world.forgeJob("a")).state).toBe("starting");
    world.clock.forward(10 * minute);
    await world.discover();
    expect(await world.forgeJob("a")).toMatchObject({ state: "cancelled", reason: "cancelled-by-source" });
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

describe("a job that waited too long here, and begins at its forge all the same", () => {
  /** On a machine that was made for it. */
  async function lateJob() {
    const profile = someProfile({ timeouts: { queuedMs: 2 * minute, jobMs: 30 * minute } });
    const { world, runner, agent } = await listeningJob({ profiles: [profile] });
    await world.turn(2 * minute);
    expect(await world.forgeJob("a")).toMatchObject({ state: "expired" });
    world.forge.assign();
    await agent.start();
    /** Its agent is heard all the while. */
    const passes = async (minutes: number) => {
      for (let passed = 0; passed < minutes; passed += 1 / 6) {
        await agent.beat().catch(() => undefined);
        await world.turn(10 * second);
      }
    };
    return { world, runner, passes };
  }

  it("does not stand for the next one, which gets a machine of its own", async () => {
    const { world, runner, passes } = await lateJob();
    await passes(3);
    await world.tell(world.forge.queue({ id: "b" }));
    expect(world.machines()).toHaveLength(2);
    expect((await world.forgeJob("b")).runner).not.toBe(runner);
  });

  it("is left alone for as long as a job may run, and not for ever", async () => {
    const { world, runner, passes } = await lateJob();
    await passes(39);
    expect(world.machines()).toEqual([runner]);
    await passes(2);
    expect(world.machines()).toEqual([]);
  });
});
