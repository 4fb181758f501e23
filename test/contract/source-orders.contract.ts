/** The part of the JobSource contract about what we ask of a job: to stop, and to run again. */
import { bringTo, told, type Stand } from "./source-stands";
import { farOf, ourJob, queueOne, runs, type Bench } from "./source-world";

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

export function rerunContract(bench: Bench): void {
  it.each(ends)("brings a job back as a new one that ended as: %s", async (stand) => {
    const world = bench();
    const job = await bringTo(stand, world);
    const before = await world.source.jobState(ourJob(job));
    expect(await world.source.rerun(ourJob(job))).toBe("asked");
    const [again, ...more] = await world.source.findJobs([]);
    expect(more).toEqual([]);
    expect(again).toMatchObject({ kind: "queued", facts: { labels: job.labels, scope: job.scope } });
    expect(again?.facts.key).not.toBe(job.key);
    expect(await world.source.jobState(ourJob(job))).toEqual(before);
  });

  it("has to wait for the rest of the run, and makes nothing meanwhile", async () => {
    const world = bench();
    const jobs = farOf(world).queue({}, {});
    const listener = await farOf(world).listen(await world.source.enrol(world.reach, { id: "a", name: "onejob-a" }));
    const taken = await listener.take();
    await listener.finish("failure");
    const known = jobs.map((job) => ourJob(job, job.id === taken ? "failed" : "queued"));
    for (const job of known) expect(await world.source.rerun(job)).toBe("later");
    expect(await world.source.findJobs(known.filter(({ id }) => id !== taken))).toEqual([]);
  });

  it("has to wait for itself when it is asked for twice", async () => {
    const world = bench();
    const job = ourJob(await bringTo("failed", world), "failed");
    expect([await world.source.rerun(job), await world.source.rerun(job)]).toEqual(["asked", "later"]);
    expect(await world.source.findJobs([])).toHaveLength(1);
  });

  it("need not wait for other runs", async () => {
    const world = bench();
    const job = ourJob(await bringTo("failed", world), "failed");
    queueOne(world);
    expect(await world.source.rerun(job)).toBe("asked");
  });

  it("is refused for a job that is not there, and does no harm to others", async () => {
    const world = bench();
    const job = ourJob(queueOne(world));
    await expect(world.source.rerun(ourJob(world.neverWas()))).rejects.toMatchObject({ code: "source-refused" });
    expect(await world.source.findJobs([job])).toEqual([]);
  });
}
