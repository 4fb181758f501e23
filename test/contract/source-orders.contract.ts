/** The part of the JobSource contract about what we ask of a job: to stop, and to run again. */
import type { Job } from "../../runtime/core/model";
import type { RerunWish } from "../../runtime/core/ports";
import { bringTo, told, type Stand } from "./source-stands";
import { farOf, only, ourJob, queueOne, runs, type Bench, type Conclusion, type SourceWorld } from "./source-world";

const ends: readonly Stand[] = ["succeeded", "failed", "cancelled", "cancelled while it ran"];

export function cancelContract(bench: Bench): void {
  it.each<Stand>(["queued", "waiting"])("ends a job that is %s, and may be asked for twice", async (stand) => {
    const world = bench();
    const job = ourJob(await bringTo(stand, world));
    expect([await world.source.cancel(job), await world.source.cancel(job)]).toEqual(["asked", "asked"]);
    expect(await world.source.jobState(job)).toMatchObject(told.cancelled);
  });

  it("ends a running job once its runner obeys", async () => {
    const world = bench();
    const job = ourJob(queueOne(world), "running");
    const { listener } = await runs(world);
    expect(await world.source.cancel(job)).toBe("asked");
    await listener.finish("cancelled");
    expect(await world.source.jobState(job)).toMatchObject(told["cancelled while it ran"]);
  });

  it.each(ends)("changes nothing about a job that ended as: %s", async (stand) => {
    const world = bench();
    const job = ourJob(await bringTo(stand, world), "running");
    const before = await world.source.jobState(job);
    expect(await world.source.cancel(job)).toBe("asked");
    expect(await world.source.jobState(job)).toEqual(before);
  });

  it("leaves jobs of other runs alone, also when the job itself never was", async () => {
    const world = bench();
    const [job, other] = [queueOne(world), queueOne(world)];
    await world.source.cancel(ourJob(world.neverWas()));
    await world.source.cancel(ourJob(job));
    expect(await world.source.jobState(ourJob(other))).toMatchObject(told.queued);
  });
}

/** Somebody wants it; what was interrupted only has to come to a good end. */
const byWish: RerunWish = { unlessDone: false };
const unlessDone: RerunWish = { unlessDone: true };
const wishes = [
  ["wished", byWish],
  ["interrupted", unlessDone],
] as const;

/** A run of so many jobs of ours that failed. */
async function failedRun(world: SourceWorld, jobs: number): Promise<readonly Job[]> {
  const facts = farOf(world).queue(...Array.from({ length: jobs }, () => ({})));
  for (const { id } of facts) await (await runs(world, id)).listener.finish("failure");
  return facts.map((job) => ourJob(job, "failed"));
}

/** What was asked for last runs, and ends. */
async function endNext(world: SourceWorld, conclusion: Conclusion): Promise<Job> {
  const queued = only(await world.source.findJobs([]));
  await (await runs(world, `again-${queued.facts.id}`)).listener.finish(conclusion);
  return ourJob(queued.facts, conclusion === "success" ? "completed" : "failed");
}

export function rerunContract(bench: Bench): void {
  it.each(ends)("brings a job back as a new one that ended as: %s", async (stand) => {
    const world = bench();
    const job = await bringTo(stand, world);
    const before = await world.source.jobState(ourJob(job));
    expect(await world.source.rerun(ourJob(job), byWish)).toBe("asked");
    const [again, ...more] = await world.source.findJobs([]);
    expect(more).toEqual([]);
    expect(again).toMatchObject({ kind: "queued", facts: { labels: job.labels, scope: job.scope } });
    expect(again?.facts.key).not.toBe(job.key);
    expect(await world.source.jobState(ourJob(job))).toEqual(before);
  });

  it("leaves a job that succeeded alone unless somebody wants that one again", async () => {
    const world = bench();
    const job = ourJob(await bringTo("succeeded", world), "failed");
    expect(await world.source.rerun(job, unlessDone)).toBe("asked");
    expect(await world.source.findJobs([])).toEqual([]);
    expect(await world.source.rerun(job, byWish)).toBe("asked");
    expect(await world.source.findJobs([])).toHaveLength(1);
  });

  it.each(wishes)("has to wait for the rest of the run, and makes nothing meanwhile: %s", async (_why, wish) => {
    const world = bench();
    const jobs = farOf(world).queue({}, {});
    const listener = await farOf(world).listen(await world.source.enrol(world.reach, { id: "a", name: "onejob-a" }));
    const taken = await listener.take();
    await listener.finish("failure");
    const known = jobs.map((job) => ourJob(job, job.id === taken ? "failed" : "queued"));
    for (const job of known) expect(await world.source.rerun(job, wish)).toBe("later");
    expect(await world.source.findJobs(known.filter(({ id }) => id !== taken))).toEqual([]);
  });

  it.each(wishes)("has to wait for itself when it is asked for twice: %s", async (_why, wish) => {
    const world = bench();
    const job = ourJob(await bringTo("failed", world), "failed");
    expect([await world.source.rerun(job, wish), await world.source.rerun(job, wish)]).toEqual(["asked", "later"]);
    expect(await world.source.findJobs([])).toHaveLength(1);
  });

  it.each(["success", "failure"] as const)(
    "makes no second one of a job whose new one has ended, too, as a %s",
    async (conclusion) => {
      const world = bench();
      const [job] = await failedRun(world, 2);
      if (job === undefined) throw new Error("no job");
      expect(await world.source.rerun(job, unlessDone)).toBe("asked");
      await endNext(world, conclusion);
      expect(await world.source.rerun(job, unlessDone)).toBe("asked");
      await expect(world.source.rerun(job, byWish)).rejects.toMatchObject({ code: "source-refused" });
      expect(await world.source.findJobs([])).toEqual([]);
    },
  );

  it.each(wishes.flatMap(([why, wish]) => [2, 3].map((jobs) => ({ why, wish, jobs }))))(
    "brings all $jobs jobs of a run back, one after the other, though each made a new attempt of it: $why",
    async ({ wish, jobs }) => {
      const world = bench();
      const open = new Set(await failedRun(world, jobs));
      const back: Job[] = [];
      while (open.size > 0) {
        const answers = new Map<Job, string>();
        for (const job of open) answers.set(job, await world.source.rerun(job, wish));
        const [asked, ...more] = [...answers].filter(([, answer]) => answer === "asked").map(([job]) => job);
        expect([asked === undefined, more]).toEqual([false, []]);
        if (asked !== undefined) open.delete(asked);
        back.push(await endNext(world, "success"));
      }
      expect(new Set(back.map(({ id }) => id)).size).toBe(jobs);
    },
  );

  it("brings back what came of a job that was run again, when that was interrupted, too", async () => {
    const world = bench();
    const [one, other] = await failedRun(world, 2);
    if (one === undefined || other === undefined) throw new Error("no jobs");
    await world.source.rerun(one, unlessDone);
    const again = await endNext(world, "failure");
    expect(await world.source.rerun(again, unlessDone)).toBe("asked");
    await endNext(world, "success");
    expect(await world.source.rerun(other, unlessDone)).toBe("asked");
    await endNext(world, "success");
    for (const job of [one, again, other]) expect(await world.source.rerun(job, unlessDone)).toBe("asked");
    expect(await world.source.findJobs([])).toEqual([]);
  });

  it("need not wait for other runs", async () => {
    const world = bench();
    const job = ourJob(await bringTo("failed", world), "failed");
    queueOne(world);
    expect(await world.source.rerun(job, byWish)).toBe("asked");
  });

  it.each(wishes)("is refused for a job that is not there, and does no harm to others: %s", async (_why, wish) => {
    const world = bench();
    const job = ourJob(queueOne(world));
    await expect(world.source.rerun(ourJob(world.neverWas()), wish)).rejects.toMatchObject({ code: "source-refused" });
    expect(await world.source.findJobs([job])).toEqual([]);
  });
}
