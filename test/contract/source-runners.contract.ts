/** The part of the JobSource contract about runners: their one-time right, its end, and what is left of them. */
import { runnerName } from "../../runtime/core/model";
import { enrol, farOf, only, ourJob, ourRunner, queueOne, runs, type Bench, type SourceWorld } from "./source-world";

const names = (world: SourceWorld) =>
  farOf(world)
    .registered()
    .map(({ name }) => name)
    .sort();

export function enrolContract(bench: Bench): void {
  it("registers a runner with the name, the group and the labels that were asked for", async () => {
    const world = bench();
    const labels = ["self-hosted", "Linux", "gpu:a100", "x64"];
    await world.source.enrol({ ...world.reach, labels }, { id: "a", name: "onejob-a" });
    const { group } = world.reach;
    expect(farOf(world).registered()).toEqual([{ name: "onejob-a", group, labels, online: false }]);
  });

  it("is a right to take a job in reach, one only", async () => {
    const world = bench();
    const far = farOf(world);
    const [first, second] = far.queue({}, {});
    const { enrolment, listener } = await runs(world);
    const [taken] = (await world.source.findJobs([])).filter(({ kind }) => kind === "started");
    expect([first?.id, second?.id]).toContain(taken?.facts.id);
    await listener.finish("success");
    await expect(far.listen(enrolment)).rejects.toThrow();
    expect(far.registered()).toEqual([]);
  });

  it("replaces the first right of a runner that is enrolled twice", async () => {
    const world = bench();
    const far = farOf(world);
    const first = await enrol(world);
    const second = await enrol(world);
    expect(names(world)).toEqual(["onejob-a"]);
    await expect(far.listen(first)).rejects.toThrow();
    const job = queueOne(world);
    expect(await (await far.listen(second)).take()).toBe(job.id);
  });

  it("replaces the right of a runner that listens already", async () => {
    const world = bench();
    const far = farOf(world);
    await far.listen(await enrol(world));
    await far.listen(await enrol(world));
    expect(far.registered()).toMatchObject([{ name: "onejob-a", online: true }]);
  });

  it("leaves one right that is good when it is asked for twice at once", async () => {
    const world = bench();
    const enrolments = await Promise.all([enrol(world), enrol(world)]);
    const uses = await Promise.allSettled(enrolments.map((enrolment) => farOf(world).listen(enrolment)));
    expect(uses.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    expect(names(world)).toEqual(["onejob-a"]);
  });

  it("does not take the right from a runner that has a job", async () => {
    const world = bench();
    const job = queueOne(world);
    const { listener } = await runs(world);
    await expect(enrol(world)).rejects.toMatchObject({ code: "source-refused" });
    await listener.finish("success");
    expect(await world.source.jobState(ourJob(job))).toMatchObject({ kind: "finished", succeeded: true });
  });

  it("leaves one right though the answer to the first try was lost", async () => {
    const world = bench();
    const far = farOf(world);
    await enrol(world, "b");
    far.break("loses answers");
    await expect(enrol(world)).rejects.toMatchObject({ code: "source-unreachable" });
    far.repair();
    expect(names(world)).toEqual(["onejob-a", "onejob-b"]);
    await far.listen(await enrol(world));
    expect(names(world)).toEqual(["onejob-a", "onejob-b"]);
  });

  it.each([1, 2, 3, 4])("leaves one right, should answer %i on the way to a second one be lost", async (nth) => {
    const world = bench();
    const far = farOf(world);
    const first = await enrol(world);
    far.loseAnswer(nth);
    await enrol(world).catch((error: unknown) => expect(error).toMatchObject({ code: "source-unreachable" }));
    far.loseAnswer(Infinity);
    const last = await enrol(world);
    expect(names(world)).toEqual(["onejob-a"]);
    await expect(far.listen(first)).rejects.toThrow();
    await far.listen(last);
  });

  it("gives different runners rights of their own", async () => {
    const world = bench();
    const [a, b] = await Promise.all([enrol(world, "a"), enrol(world, "b")]);
    expect(a).not.toEqual(b);
    await Promise.all([a, b].map((enrolment) => farOf(world).listen(enrolment)));
    expect(names(world)).toEqual(["onejob-a", "onejob-b"]);
  });
}

/** What may be known of what `enrol` answered. `stale`: it was enrolled once more since. */
const handles = ["its handle", "no handle", "a stale handle"] as const;

/** Enrols runner `a` and answers what is known of it. */
async function enrolKnowing(knowledge: (typeof handles)[number], world: SourceWorld) {
  const first = await enrol(world);
  const enrolment = knowledge === "a stale handle" ? await enrol(world) : first;
  const handle = knowledge === "no handle" ? null : first.handle;
  return { enrolment, withdraw: () => world.source.withdraw(ourRunner("a", world), handle) };
}

export function withdrawContract(bench: Bench): void {
  describe.each(handles)("with %s", (knowledge) => {
    it("takes the right back before it is used, and again when it is gone", async () => {
      const world = bench();
      const { enrolment, withdraw } = await enrolKnowing(knowledge, world);
      expect([await withdraw(), await withdraw()]).toEqual(["withdrawn", "withdrawn"]);
      expect(names(world)).toEqual([]);
      await expect(farOf(world).listen(enrolment)).rejects.toThrow();
    });

    it("takes it back from a runner that listens, so that no job comes to it", async () => {
      const world = bench();
      const { enrolment, withdraw } = await enrolKnowing(knowledge, world);
      await farOf(world).listen(enrolment);
      expect(await withdraw()).toBe("withdrawn");
      expect(names(world)).toEqual([]);
      expect(await world.source.jobState(ourJob(queueOne(world)))).toMatchObject({ kind: "queued" });
    });

    it("is busy while the runner has a job, which goes on", async () => {
      const world = bench();
      const { enrolment, withdraw } = await enrolKnowing(knowledge, world);
      const job = queueOne(world);
      const listener = await farOf(world).listen(enrolment);
      await listener.take();
      expect([await withdraw(), await withdraw()]).toEqual(["busy", "busy"]);
      await listener.finish("success");
      expect(await world.source.jobState(ourJob(job))).toMatchObject({ kind: "finished", succeeded: true });
    });

    it("is withdrawn after its job, which used the right up", async () => {
      const world = bench();
      const { enrolment, withdraw } = await enrolKnowing(knowledge, world);
      queueOne(world);
      const listener = await farOf(world).listen(enrolment);
      await listener.take();
      await listener.finish("failure");
      expect([await withdraw(), await withdraw()]).toEqual(["withdrawn", "withdrawn"]);
    });

    it("leaves all others alone", async () => {
      const world = bench();
      await enrol(world, "b");
      await farOf(world).stranger("theirs");
      const { withdraw } = await enrolKnowing(knowledge, world);
      await Promise.all([withdraw(), withdraw()]);
      expect(names(world)).toEqual(["onejob-b", "theirs"]);
    });
  });
}

export function removeGhostsContract(bench: Bench): void {
  it("removes runners that are offline and gone here, and counts them, once", async () => {
    const world = bench();
    await enrol(world, "never-came");
    const listener = await farOf(world).listen(await enrol(world, "left"));
    await listener.leave();
    await enrol(world, "boots");
    const isGone = (id: string) => Promise.resolve(id !== "boots");
    expect([await world.source.removeGhosts(isGone), await world.source.removeGhosts(isGone)]).toEqual([2, 0]);
    expect(names(world)).toEqual(["onejob-boots"]);
  });

  it("leaves those that are online, whatever is believed of them here", async () => {
    const world = bench();
    const far = farOf(world);
    await far.listen(await enrol(world));
    expect(await world.source.removeGhosts(() => Promise.resolve(true))).toBe(0);
    expect(far.registered()).toMatchObject([{ name: "onejob-a", online: true }]);
  });

  it("leaves those that have a job, whether their listener is heard of or not", async () => {
    const world = bench();
    const job = queueOne(world);
    const { listener } = await runs(world);
    expect(await world.source.removeGhosts(() => Promise.resolve(true))).toBe(0);
    await listener.leave();
    expect(await world.source.removeGhosts(() => Promise.resolve(true))).toBe(0);
    expect(only(names(world))).toBe("onejob-a");
    expect(await world.source.jobState(ourJob(job))).toMatchObject({ kind: "started" });
  });

  it("lets one be that is given a job at this very moment", async () => {
    const world = bench();
    const job = queueOne(world);
    const enrolment = await enrol(world);
    const isGone = async () => {
      const listener = await farOf(world).listen(enrolment);
      await listener.take();
      return true;
    };
    expect(await world.source.removeGhosts(isGone)).toBe(0);
    expect(await world.source.jobState(ourJob(job))).toMatchObject({ kind: "started", runnerName: "onejob-a" });
  });

  it("asks for nothing but ids of ours, and never touches a name that is somebody else's", async () => {
    const world = bench();
    const theirs = ["theirs", "onejob", "onejob-", "my-onejob-a"];
    for (const name of theirs) await farOf(world).stranger(name);
    await enrol(world, "a-b-c");
    const asked: string[] = [];
    const isGone = (id: string) => {
      asked.push(id);
      return Promise.resolve(true);
    };
    expect(await world.source.removeGhosts(isGone)).toBe(1);
    expect(asked.map(runnerName)).toEqual(["onejob-a-b-c"]);
    expect(names(world)).toEqual([...theirs].sort());
  });
}
