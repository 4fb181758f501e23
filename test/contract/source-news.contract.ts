/** The part of the JobSource contract about what stands differently there: jobs and moves that nobody told us of. */
import type { JobState } from "../../runtime/core/model";
import { bringTo, named, told, type Stand } from "./source-stands";
import { enrol, farOf, ourJob, queueOne, runs, type Bench } from "./source-world";

export function findJobsContract(bench: Bench): void {
  describe("jobs we never heard of", () => {
    it.each<Stand>(["queued", "waiting", "approved", "running"])(
      "are found, with all there is to say, when they are %s",
      async (stand) => {
        const world = bench();
        const job = await bringTo(stand, world);
        const events = await world.source.findJobs([]);
        expect(events).toMatchObject([told[stand]]);
        expect(events.map(({ facts }) => named(facts))).toEqual([named(job)]);
      },
    );

    it.each<Stand>(["taken elsewhere", "succeeded", "failed", "cancelled", "cancelled while it ran"])(
      "are none of our business when they are %s",
      async (stand) => {
        const world = bench();
        await bringTo(stand, world);
        expect(await world.source.findJobs([])).toEqual([]);
      },
    );

    it("are found all, however many there are in a run and beside it", async () => {
      const { source } = bench();
      const jobs = farOf(bench()).queue(...Array.from({ length: 105 }, () => ({})));
      const other = queueOne(bench());
      const found = (await source.findJobs([])).map(({ facts }) => facts.id);
      expect(found.sort()).toEqual([...jobs, other].map(({ id }) => id).sort());
    });

    it("are found beside those that are known", async () => {
      const { source } = bench();
      const [known, missed] = farOf(bench()).queue({}, {});
      if (known === undefined || missed === undefined) throw new Error("there are two");
      expect((await source.findJobs([ourJob(known)])).map(({ facts }) => facts.id)).toEqual([missed.id]);
    });
  });

  describe("moves we missed", () => {
    it.each<[JobState, object[]]>([
      ["queued", [{ kind: "cancelled" }]],
      ["waiting", [{ kind: "cancelled" }]],
      ["starting", [{ kind: "cancelled" }]],
      ["running", []],
    ])("are that it is over, of a job that is %s here for long and is not known there: %j", async (state, found) => {
      const { source, neverWas } = bench();
      const known = ourJob(neverWas(), state);
      farOf(bench()).pass(600_000);
      const events = await source.findJobs([known]);
      expect(events).toMatchObject(found);
      expect(events.every(({ facts }) => facts.key === known.key)).toBe(true);
    });

    it.each<[JobState, Stand, "news" | "no news"]>([
      ["queued", "queued", "no news"],
      ["starting", "queued", "no news"],
      ["waiting", "waiting", "no news"],
      ["running", "running", "no news"],
      ["running", "taken elsewhere", "no news"],
      ["queued", "waiting", "news"],
      ["starting", "waiting", "news"],
      ["waiting", "approved", "news"],
      ["queued", "running", "news"],
      ["starting", "running", "news"],
      ["waiting", "running", "news"],
      ["starting", "taken elsewhere", "news"],
      ["running", "succeeded", "news"],
      ["running", "failed", "news"],
      ["running", "cancelled while it ran", "news"],
      ["queued", "succeeded", "news"],
      ["starting", "failed", "news"],
      ["queued", "cancelled", "news"],
      ["waiting", "cancelled", "news"],
    ])("of a job that is %s here and %s there are %s, however often it is asked", async (here, stand, news) => {
      const world = bench();
      const known = ourJob(await bringTo(stand, world), here);
      const events = await world.source.findJobs([known]);
      expect(events).toMatchObject(news === "news" ? [told[stand]] : []);
      expect(events.map(({ facts }) => facts.key)).toEqual(news === "news" ? [known.key] : []);
      const again = await world.source.findJobs([known]);
      expect(again.map(({ delivery }) => delivery)).toEqual(events.map(({ delivery }) => delivery));
    });

    it("are the same deliveries as when the job itself is asked for", async () => {
      const world = bench();
      const known = ourJob(await bringTo("succeeded", world), "running");
      const found = await world.source.findJobs([known]);
      expect(found.map(({ delivery }) => delivery)).toEqual([(await world.source.jobState(known))?.delivery]);
    });

    it("are found of an ended job while the rest of its run goes on", async () => {
      const world = bench();
      const jobs = farOf(world).queue({}, {});
      const listener = await farOf(world).listen(await enrol(world));
      const taken = await listener.take();
      await listener.finish("failure");
      const known = jobs.map((job) => ourJob(job, job.id === taken ? "running" : "queued"));
      const events = await world.source.findJobs(known);
      expect(events).toMatchObject([{ kind: "finished", succeeded: false, facts: { id: taken } }]);
    });

    it("are found of an ended job that was run again since, and the new one as well", async () => {
      const world = bench();
      const job = await bringTo("failed", world);
      farOf(world).rerunThere(job);
      const events = await world.source.findJobs([ourJob(job, "running")]);
      expect(events.filter(({ kind }) => kind === "finished").map(({ facts }) => facts.id)).toEqual([job.id]);
      // One word may come twice in one answer: it is one delivery.
      const fresh = new Map(events.filter(({ kind }) => kind === "queued").map((event) => [event.delivery, event]));
      expect([...fresh.values()].map(({ facts }) => facts.id === job.id)).toEqual([false]);
    });

    it("are found again of a job that goes on after each look", async () => {
      const world = bench();
      const job = queueOne(world);
      expect(await world.source.findJobs([ourJob(job)])).toEqual([]);
      const { listener } = await runs(world);
      expect(await world.source.findJobs([ourJob(job)])).toMatchObject([told.running]);
      expect(await world.source.findJobs([ourJob(job, "running")])).toEqual([]);
      await listener.finish("success");
      expect(await world.source.findJobs([ourJob(job, "running")])).toMatchObject([told.succeeded]);
      expect(await world.source.findJobs([])).toEqual([]);
    });
  });
}
