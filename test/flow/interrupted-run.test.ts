import { OnejobError } from "../../runtime/core/errors";
import type { JobEvent } from "../../runtime/core/events";
import { work } from "../../runtime/flow/work";
import { ForgeWorld } from "../fakes/forge-world";
import { markets, spotProfile } from "./spot-world";

/** So long an agent lets its job go on after the notice. */
const agentsPatienceMs = 90_000;

describe("jobs of one run whose machines were taken away", () => {
  /** As a server does: what has to wait comes again a minute later. */
  async function hear(world: ForgeWorld, ...events: readonly JobEvent[]): Promise<void> {
    const { queue } = world.ports;
    await queue.send(events.map((event) => ({ kind: "job-event", event })));
    for (let next = await queue.receive(1, 0); next[0] !== undefined; next = await queue.receive(1, 0)) {
      const [{ id, message }] = next;
      const done = await work(message, world.ports).then(
        () => true,
        (error: unknown) => !(error instanceof OnejobError && error.code === "conflict"),
      );
      await (done ? queue.done(id) : queue.retry(id, 60_000));
    }
  }

  /** All jobs that wait run then; answers by which runners. */
  async function start(world: ForgeWorld): Promise<readonly string[]> {
    await world.allUp();
    const runners: string[] = [];
    for (let given = world.forge.assign(); given !== undefined; given = world.forge.assign()) {
      runners.push(given.runner);
      await hear(world, given.event);
    }
    return runners;
  }

  /** Shortly before their machines go. */
  async function interrupted(ids: readonly string[]): Promise<ForgeWorld> {
    const world = new ForgeWorld({ profiles: [spotProfile()] });
    await hear(world, ...ids.map((id) => world.forge.queue({ id })));
    for (const runner of await start(world)) {
      await world.ports.queue.send([{ kind: "warned", profile: "small", runner, of: "interruption" }]);
      await hear(world);
    }
    world.clock.forward(agentsPatienceMs);
    return world;
  }

  const openJobs = ({ forge }: ForgeWorld) => [...forge.jobs.values()].filter(({ state }) => state !== "completed");

  it.each([2, 3])("all come back, %i of them, one attempt of the run after the other", async (jobs) => {
    const ids = Array.from({ length: jobs }, (_, index) => `job${index}`);
    const world = await interrupted(ids);
    for (const id of ids) await hear(world, world.forge.end(id, "failure"));
    const back: string[] = [];
    for (let attempt = 0; attempt < jobs; attempt += 1) {
      world.clock.forward(60_000);
      await hear(world);
      const [again, ...more] = openJobs(world);
      expect(more).toEqual([]);
      back.push(again?.name ?? "");
      await hear(world, world.forge.event(again?.id ?? ""));
      await start(world);
      await hear(world, world.forge.end(again?.id ?? "", "success"));
    }
    world.clock.forward(60_000);
    await hear(world);
    expect(back.sort()).toEqual(ids);
    expect(openJobs(world)).toEqual([]);
    expect(await world.ports.queue.depth()).toBe(0);
    expect(markets(world)).toEqual([...ids.map(() => "as the profile says"), ...ids.map(() => "on-demand")]);
  });

  it("stay failed where the forge does not let us, which the log says once for each", async () => {
    const world = await interrupted(["a", "b"]);
    const ends = ["a", "b"].map((id) => world.forge.end(id, "failure"));
    world.forge.failWith("source-refused");
    const warned: string[] = [];
    Object.assign(world.ports, { log: { ...world.ports.log, warn: (sentence: string) => void warned.push(sentence) } });
    await hear(world, ...ends);
    for (const id of ["a", "b"])
      expect(await world.forgeJob(id)).toMatchObject({ state: "failed", reason: "interrupted" });
    const refused = "the source does not run a job again";
    expect(warned).toEqual([refused, refused]);
    expect(await world.ports.queue.depth()).toBe(0);
  });
});
