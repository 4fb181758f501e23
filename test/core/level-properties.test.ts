/** What repairs promise whatever is out of step: nothing in use is stopped, and once made, nothing is left to repair. */
import fc from "fast-check";
import { findRepairs, type Pressure, type Repairs } from "../../runtime/core/level";
import { reachKey, type Job, type ProfileView, type Runner } from "../../runtime/core/model";
import { anyView, demandOf, liveIn, reaches, viewAndShuffled } from "../fixtures/any-view";
import { noon, someJob, someRunner, someView } from "../fixtures/records";

/** Every runner was made at noon, so later all of them have been there for a while. */
const later = noon + 3_600_000;
const calm: Pressure = { draining: false, tight: false, isRound: true, now: noon };
const anyPressure: fc.Arbitrary<Pressure> = fc.record({
  draining: fc.boolean(),
  tight: fc.boolean(),
  isRound: fc.boolean(),
  now: fc.constantFrom(noon, later),
});
const keys = reaches.map(reachKey);
const runs = { numRuns: 300 };

const isFree = ({ job, state, draining }: Runner): boolean =>
  job === null && !draining && (state === "requested" || state === "booting" || state === "idle");

/** The job it names is still its own, or nobody's yet. */
function hasJob({ id, job: key, attempt }: Runner, { jobs }: ProfileView): boolean {
  const job = jobs.find((one) => one.key === key);
  return job !== undefined && job.attempt === attempt && (!job.bound || job.runner === id);
}

function within(runners: readonly Runner[], key: string): number {
  return runners.filter((runner) => reachKey(runner.reach) === key).length;
}

/** The records once all that was found is done. */
function repaired(view: ProfileView, { retire, lost, unnamed, unclaimed, reclaimed }: Repairs): ProfileView {
  const named = new Map(unnamed.map(({ job, runner }) => [runner.id, job.key]));
  const pairs = new Map(reclaimed.map(({ job, runner }) => [job.key, runner.id]));
  const stopped = new Set(retire.map(({ id }) => id));
  const waiting = new Set(unclaimed.map(({ key }) => key));
  const freed = (job: Job): Job => (waiting.has(job.key) ? { ...job, state: "queued", runner: null } : job);
  const stopping = (runner: Runner): Runner => (stopped.has(runner.id) ? { ...runner, state: "stopping" } : runner);
  const jobs = view.jobs.filter((job) => !lost.includes(job)).map(freed);
  return {
    ...view,
    jobs: jobs.map((job) => ({ ...job, runner: pairs.get(job.key) ?? job.runner })),
    runners: view.runners.map(stopping).map((runner) => withJob(runner, named.get(runner.id))),
  };
}

function withJob(runner: Runner, job: string | undefined): Runner {
  return job === undefined ? runner : { ...runner, job, state: "running" };
}

describe("repairs", () => {
  it("first name what a runner has, and judge nobody before", () => {
    const reach = { ...someRunner().reach, source: "gh" };
    const job = someJob({
      key: "gh/forge.example/1",
      source: "gh",
      reach,
      state: "running",
      bound: true,
      runner: "r1",
    });
    const runner = someRunner({ id: "r1", reach, state: "running", job: null });
    const found = findRepairs(someView({ jobs: [job], runners: [runner, someRunner({ id: "r2" })] }), {
      ...calm,
      draining: true,
    });
    expect(found).toEqual({ unnamed: [{ job, runner }], retire: [], lost: [], unclaimed: [], reclaimed: [] });
  });

  it("give a job no machine that a drain is about to stop", () => {
    const job = someJob({ state: "starting", runner: "r1" });
    const runners = [someRunner({ id: "r1", job: "api/local/other" }), someRunner({ id: "r2" })];
    const view = someView({ jobs: [job], runners });
    expect(findRepairs(view, calm).reclaimed).toEqual([{ job, runner: runners[1] }]);
    expect(findRepairs(view, { ...calm, draining: true }).reclaimed).toEqual([]);
  });
});

describe("repairs, whatever is written,", () => {
  it("stop no runner that has a job, and each of the others once", () => {
    fc.assert(
      fc.property(anyView, anyPressure, (view, pressure) => {
        const { retire } = findRepairs(view, pressure);
        expect(retire.filter((runner) => hasJob(runner, view) || runner.state === "stopping")).toEqual([]);
        expect(new Set(retire).size).toBe(retire.length);
      }),
      runs,
    );
  });

  it("stop every free runner in a drain, and else none at once, unless room is short and it listens", () => {
    fc.assert(
      fc.property(anyView, fc.boolean(), (view, tight) => {
        fc.pre(findRepairs(view, calm).unnamed.length === 0);
        const drained = findRepairs(view, { ...calm, draining: true, tight }).retire;
        expect(view.runners.filter((runner) => isFree(runner) && !drained.includes(runner))).toEqual([]);
        const stopped = findRepairs(view, { ...calm, tight }).retire.filter(isFree);
        expect(stopped.filter((runner) => !tight || runner.state !== "idle")).toEqual([]);
      }),
      runs,
    );
  });

  it("leave to every reach the free machines that its jobs need, until a drain", () => {
    fc.assert(
      fc.property(anyView, anyPressure, (view, pressure) => {
        const { retire } = findRepairs(view, { ...pressure, draining: false });
        const free = view.runners.filter(isFree);
        for (const key of keys) {
          const left = within(free, key) - within(retire.filter(isFree), key);
          expect(left).toBeGreaterThanOrEqual(Math.min(within(free, key), demandOf(view, key).length));
        }
      }),
      runs,
    );
  });

  it("find exactly the jobs whose machine is nowhere", () => {
    fc.assert(
      fc.property(anyView, anyPressure, (view, pressure) => {
        fc.pre(findRepairs(view, calm).unnamed.length === 0);
        const { lost, unclaimed } = findRepairs(view, pressure);
        const orphans = view.jobs.filter((job) => job.runner !== null && !liveIn(view).has(job.runner));
        expect(lost).toEqual(orphans.filter((job) => job.bound));
        expect(unclaimed).toEqual(orphans.filter((job) => !job.bound));
      }),
      runs,
    );
  });

  it("give a job whose machine was taken only one that can come, and that nobody else waits for", () => {
    fc.assert(
      fc.property(anyView, anyPressure, (view, pressure) => {
        const { retire, reclaimed } = findRepairs(view, pressure);
        const given = reclaimed.map(({ runner }) => runner.id);
        const expected = keys.flatMap((key) => demandOf(view, key)).map((job) => job.runner);
        expect(new Set(given).size).toBe(given.length);
        expect(retire.filter(({ id }) => given.includes(id))).toEqual([]);
        expect(expected.filter((id) => id !== null && given.includes(id))).toEqual([]);
        for (const { job, runner } of reclaimed) {
          expect(isFree(runner)).toBe(true);
          expect(job.reach && reachKey(job.reach)).toBe(reachKey(runner.reach));
        }
      }),
      runs,
    );
  });

  it("are as many in whatever order the records are read", () => {
    const counted = (view: ProfileView, pressure: Pressure) => {
      const { retire, lost, unclaimed, reclaimed } = findRepairs(view, pressure);
      return [lost.length, unclaimed.length, reclaimed.length, ...keys.map((key) => within(retire, key))];
    };
    fc.assert(
      fc.property(viewAndShuffled, anyPressure, ({ view, other }, pressure) => {
        expect(counted(other, pressure)).toEqual(counted(view, pressure));
      }),
      runs,
    );
  });

  it("come to an end: made four times, they leave nothing to repair", () => {
    fc.assert(
      fc.property(anyView, anyPressure, (view, pressure) => {
        const once = (before: ProfileView): ProfileView => repaired(before, findRepairs(before, pressure));
        const after = once(once(once(once(view))));
        const none = { unnamed: [], retire: [], lost: [], unclaimed: [], reclaimed: [] };
        expect(findRepairs(after, pressure)).toEqual(none);
      }),
      runs,
    );
  });
});
