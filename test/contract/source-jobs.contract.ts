/** The part of the JobSource contract about one job that is asked for: how it stands, and whose code it runs. */
import { bringTo, named, stands, told, type Stand } from "./source-stands";
import { farOf, ourJob, queueOne, type Bench } from "./source-world";

export function jobStateContract(bench: Bench): void {
  it.each(stands)("tells how a job stands that is %s", async (stand) => {
    const world = bench();
    const job = await bringTo(stand, world);
    const event = await world.source.jobState(ourJob(job));
    expect(event).toMatchObject(told[stand]);
    expect(event && named(event.facts)).toEqual(named(job));
  });

  it.each(stands)("is the same delivery however often it is asked while the job is %s", async (stand) => {
    const world = bench();
    const job = ourJob(await bringTo(stand, world));
    const first = await world.source.jobState(job);
    farOf(world).pass(5_000);
    const second = await world.source.jobState({ ...job, state: "starting", version: 7 });
    expect(second?.delivery).toBe(first?.delivery);
    expect(second?.facts).toEqual(first?.facts);
  });

  it("is another delivery after each move", async () => {
    const world = bench();
    const far = farOf(world);
    const job = queueOne(world, { held: true });
    const seen = [await world.source.jobState(ourJob(job))];
    far.approve(job);
    seen.push(await world.source.jobState(ourJob(job)));
    const listener = await far.listen(await world.source.enrol(world.reach, { id: "a", name: "onejob-a" }));
    await listener.take();
    seen.push(await world.source.jobState(ourJob(job)));
    await listener.finish("success");
    seen.push(await world.source.jobState(ourJob(job)));
    expect(seen.map((event) => event?.kind)).toEqual(["waiting", "queued", "started", "finished"]);
    expect(new Set(seen.map((event) => event?.delivery)).size).toBe(4);
  });

  it("gives different jobs different deliveries", async () => {
    const { source } = bench();
    const jobs = farOf(bench()).queue({}, {});
    const events = await Promise.all(jobs.map((job) => source.jobState(ourJob(job))));
    expect(new Set(events.map((event) => event?.delivery)).size).toBe(2);
  });

  it.each<Stand>(["running", "succeeded", "cancelled"])(
    "says of a job that is %s when that happened, not when it was asked",
    async (stand) => {
      const world = bench();
      const far = farOf(world);
      far.pass(7_000);
      const job = await bringTo(stand, world);
      const happenedAt = far.now();
      far.pass(20_000);
      const event = await world.source.jobState(ourJob(job));
      expect([event?.at, event?.receivedAt]).toEqual([happenedAt, far.now()]);
    },
  );

  it.each([3_600_000, -3_600_000])("is not misled by a clock there that is wrong by %i ms", async (offset) => {
    const world = bench();
    const far = farOf(world);
    far.setClockWrong(offset);
    const job = await bringTo("running", world);
    const happenedAt = far.now();
    far.pass(20_000);
    const event = await world.source.jobState(ourJob(job));
    expect([event?.at, event?.receivedAt]).toEqual([happenedAt, far.now()]);
  });

  it("says when a finished job had started", async () => {
    const world = bench();
    const far = farOf(world);
    const job = queueOne(world);
    far.pass(3_000);
    const listener = await far.listen(await world.source.enrol(world.reach, { id: "a", name: "onejob-a" }));
    await listener.take();
    const startedAt = far.now();
    far.pass(9_000);
    await listener.finish("success");
    far.pass(1_000);
    expect((await world.source.jobState(ourJob(job)))?.startedAt).toBe(startedAt);
  });
}

export function isForkContract(bench: Bench): void {
  it.each([
    ["a fork", true],
    ["its own repository", false],
  ])("tells that a job's code comes from %s, however often it is asked", async (_, fork) => {
    const { source } = bench();
    const job = queueOne(bench(), { fork });
    expect(job.origin?.fork).toBeNull();
    expect([await source.isFork(job), await source.isFork(job)]).toEqual([fork, fork]);
  });

  it("is not known of a run that is not there", async () => {
    const { source, neverWas } = bench();
    expect([await source.isFork(neverWas()), await source.isFork(neverWas())]).toEqual([null, null]);
  });

  it("does not mix up jobs of different runs", async () => {
    const { source } = bench();
    const jobs = [true, false, true].map((fork) => queueOne(bench(), { fork }));
    expect(await Promise.all(jobs.map((job) => source.isFork(job)))).toEqual([true, false, true]);
  });
}
