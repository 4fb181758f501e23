/** Eight situations that systems of this kind get wrong, each from its first word to its end (docs/reliability.md). */
import { ForgeWorld, listeningJob } from "../fakes/forge-world";
import { World } from "../fakes/flow-world";
import { someProfile } from "../fixtures/records";

const minute = 60_000;

/** The forge gives this job to a free runner, which runs it to its end; both are told. */
async function runOn(world: ForgeWorld, runner: string): Promise<string> {
  const event = world.forge.assignTo(`onejob-${runner}`);
  if (event === undefined) throw new Error(`the forge gave nothing to ${runner}`);
  await world.agent(runner).start();
  await world.tell(event);
  await world.tell(world.forge.end(event.facts.id));
  await world.agent(runner).finish();
  await world.pump();
  return event.facts.id;
}

async function statesOf(world: ForgeWorld, ...ids: readonly string[]): Promise<readonly string[]> {
  return Promise.all(ids.map(async (id) => (await world.forgeJob(id)).state));
}

describe("a matrix whose jobs take each other's runners", () => {
  it("runs every one of them, with one machine for each", async () => {
    const world = new ForgeWorld();
    const jobs = ["a", "b", "c", "d"];
    await world.tell(...jobs.map((id) => world.forge.queue({ id })));
    await world.allUp();
    const turned = [...world.machines()].reverse();
    const served = [];
    for (const runner of turned) served.push(await runOn(world, runner));
    expect(served).toEqual(jobs);
    expect(await statesOf(world, ...jobs)).toEqual(jobs.map(() => "completed"));
    expect(world.compute.started).toHaveLength(4);
  });
});

describe("deliveries that come twice and in any order", () => {
  it("make one machine for a job, and none for one whose end came first", async () => {
    const world = new ForgeWorld();
    const queued = world.forge.queue({ id: "a" });
    const late = world.forge.queue({ id: "b" });
    const over = world.forge.end("b");
    await world.tell(over, queued, late, queued, over, late, queued);
    expect(world.compute.started).toHaveLength(1);
    expect(await statesOf(world, "a", "b")).toEqual(["starting", "completed"]);
  });
});

describe("a job that is queued, waits for an approval, and is queued again", () => {
  it("is no demand while it waits, and gets its machine after it, in whatever order the words come", async () => {
    const world = new ForgeWorld();
    const queued = world.forge.queue({ id: "a" });
    const held = world.forge.move("a", "waiting");
    await world.tell(held, queued);
    expect(await statesOf(world, "a")).toEqual(["waiting"]);
    expect(world.compute.started).toEqual([]);
    const again = world.forge.move("a", "queued");
    await world.tell(again, held);
    expect(await statesOf(world, "a")).toEqual(["starting"]);
    expect(world.compute.started).toHaveLength(1);
  });
});

describe("a job cancelled before a machine is there for it", () => {
  it("gets none when the word comes first, and gives its machine up within two sweeps when not", async () => {
    const world = new ForgeWorld();
    const queued = world.forge.queue({ id: "a" });
    await world.tell(queued, world.forge.end("a", "cancelled"));
    expect(await statesOf(world, "a")).toEqual(["cancelled"]);
    await world.tell(world.forge.queue({ id: "b" }));
    await world.tell(world.forge.end("b", "cancelled"));
    await world.turn(minute);
    await world.turn(minute);
    expect(world.machines()).toEqual([]);
    expect((await world.view()).runners).toEqual([]);
  });
});

describe("a launch of which some machines are made, while one of its jobs is cancelled", () => {
  it("ends with one machine for each job that is left, and none beside", async () => {
    const world = new ForgeWorld();
    world.compute.answerNext("launched", "no-capacity", "launched");
    const jobs = ["a", "b", "c"].map((id) => world.forge.queue({ id }));
    await world.tell(...jobs, world.forge.end("a", "cancelled"));
    for (let round = 0; round < 8; round += 1) await world.turn(5_000);
    expect(world.machines()).toHaveLength(2);
    await world.allUp();
    for (const runner of world.machines()) await runOn(world, runner);
    expect(await statesOf(world, "a", "b", "c")).toEqual(["cancelled", "completed", "completed"]);
  });
});

describe("a machine that was promised and never comes up", () => {
  it("is given up at its boot time-out, and the job gets another one", async () => {
    const profile = someProfile({ timeouts: { bootMs: minute } });
    const world = new ForgeWorld({ profiles: [profile] });
    await world.tell(world.forge.queue({ id: "a" }));
    const [silent = ""] = world.machines();
    await world.turn(minute + 1);
    const [next = ""] = world.machines();
    expect(next).not.toBe(silent);
    await world.up(next);
    expect(await runOn(world, next)).toBe("a");
    expect((await world.forgeJob("a")).timeline.map(({ reason }) => reason)).toContain("boot-timeout");
  });
});

describe("a machine taken away in the midst of a job", () => {
  it("makes our own job run again on another one where it may, and its first attempt is heard no more", async () => {
    const world = new World();
    const { key, agent } = await world.running(1);
    await agent.report([{ type: "interrupted", at: new Date(world.clock.now()).toISOString() }]);
    world.compute.vanish(agent.runner);
    await world.turn(minute);
    await expect(agent.finish(0)).rejects.toMatchObject({ code: "stale-attempt" });
    for (const other of world.agents()) await other.serve();
    const job = await world.job(key);
    expect([job.state, job.attempt]).toEqual(["completed", 2]);
  });

  it("ends a forge's job with the reason, as only the forge can run it again", async () => {
    const { world, runner, agent } = await listeningJob();
    const begun = world.forge.assignTo(`onejob-${runner}`);
    if (begun === undefined) throw new Error("the forge gave nothing");
    await agent.start();
    await world.tell(begun);
    world.compute.vanish(runner);
    await world.turn(minute);
    const job = await world.forgeJob("a");
    expect([job.state, job.reason]).toEqual(["failed", "agent-lost"]);
    expect((await world.view()).runners).toEqual([]);
  });
});

describe("a webhook that never came", () => {
  it("is made up for by asking: the job runs, and its end is known", async () => {
    const world = new ForgeWorld();
    world.forge.queue({ id: "a" });
    await world.discover();
    const [runner = ""] = world.machines();
    await world.up(runner);
    world.forge.assignTo(`onejob-${runner}`);
    await world.agent(runner).start();
    world.forge.end("a");
    await world.agent(runner).finish();
    await world.pump();
    await world.discover();
    expect(await statesOf(world, "a")).toEqual(["completed"]);
    expect(world.machines()).toEqual([]);
  });
});
