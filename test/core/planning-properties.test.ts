/** What a plan promises whatever it finds written: in several reaches, with pauses and breakers, and after races. */
import fc from "fast-check";
import type { Blocked, Job, ProfileView } from "../../runtime/core/model";
import { byWaiting, reachKey } from "../../runtime/core/model";
import { backOff, planProfile, type PlanDecision, type PlanInput } from "../../runtime/core/planning";
import { anyView, demandOf, hasSource, liveIn, reaches, supplyOf, viewAndShuffled } from "../fixtures/any-view";
import { noon, someJob, someLaunch, someProfile, someView } from "../fixtures/records";

interface Limits {
  /** `null`: the profile is no longer configured. */
  readonly cap: number | null;
  readonly fleetRoom: number;
}

const anyLimits: fc.Arbitrary<Limits> = fc.record({
  cap: fc.oneof({ weight: 9, arbitrary: fc.nat(16) }, { weight: 1, arbitrary: fc.constant(null) }),
  fleetRoom: fc.integer({ min: -2, max: 16 }),
});

const keys = reaches.map(reachKey);

function inputOf(view: ProfileView, { cap, fleetRoom }: Limits): PlanInput {
  const profile = cap === null ? undefined : someProfile({ limits: { maxRunners: cap } });
  return { view, profile, fleetRoom, draining: false, hasSource, now: noon };
}

const plan = (view: ProfileView, limits: Limits): PlanDecision => planProfile(inputOf(view, limits));

function wantedIn({ wanted }: PlanDecision, key: string): readonly string[] {
  return wanted.filter(({ reach }) => reachKey(reach) === key).flatMap(({ jobs }) => jobs);
}

const lacking = (view: ProfileView, key: string): number =>
  Math.max(0, demandOf(view, key).length - supplyOf(view, key).size);

/** What pauses, breakers and the settings leave of what a reach lacks. */
function allowed(view: ProfileView, key: string, { cap }: Limits): number {
  const { blocked, breakers } = view.planner;
  if (cap === null || key.startsWith("old|") || (blocked[key]?.until ?? 0) > noon) return 0;
  const openUntil = breakers[key]?.openUntil ?? null;
  if (openUntil === null) return lacking(view, key);
  const mayProbe = openUntil <= noon && supplyOf(view, key).size === 0;
  return mayProbe ? Math.min(1, lacking(view, key)) : 0;
}

const runs = { numRuns: 300 };

describe("a plan, whatever is written,", () => {
  it("makes as many machines as are lacking, allowed, and have room, and not one more", () => {
    fc.assert(
      fc.property(anyView, anyLimits, (view, limits) => {
        const decision = plan(view, limits);
        const room = Math.max(0, Math.min(limits.cap ?? 0, limits.fleetRoom) - liveIn(view).size);
        const asked = keys.map((key) => allowed(view, key, limits));
        const made = keys.map((key) => wantedIn(decision, key).length);
        made.forEach((count, index) => expect(count).toBeLessThanOrEqual(asked[index] ?? 0));
        expect(sum(made)).toBe(Math.min(room, sum(asked)));
      }),
      runs,
    );
  });

  it("makes each of them for another job that wants one, in the job's own reach", () => {
    fc.assert(
      fc.property(anyView, anyLimits, (view, limits) => {
        const decision = plan(view, limits);
        const jobs = decision.wanted.flatMap((wanted) => wanted.jobs);
        expect(new Set(jobs).size).toBe(jobs.length);
        for (const key of keys) {
          const demand = demandOf(view, key).map((job) => job.key);
          expect(demand).toEqual(expect.arrayContaining([...wantedIn(decision, key)]));
        }
      }),
      runs,
    );
  });

  it("gives a reason for every reach in which a job goes without", () => {
    fc.assert(
      fc.property(anyView, anyLimits, (view, limits) => {
        const decision = plan(view, limits);
        const without = keys.filter((key) => lacking(view, key) > wantedIn(decision, key).length);
        expect(Object.keys(decision.blocked)).toEqual(expect.arrayContaining(without));
        for (const { since } of Object.values(decision.blocked)) expect(since).toBeLessThanOrEqual(noon);
      }),
      runs,
    );
  });

  it("serves who has waited longest, of those in a reach that no machine is meant for", () => {
    fc.assert(
      fc.property(anyView, anyLimits, (view, limits) => {
        const decision = plan(view, limits);
        for (const key of keys) {
          const wanted = new Set(wantedIn(decision, key));
          const coming = supplyOf(view, key);
          const waiting = demandOf(view, key).filter((job) => job.runner === null || !coming.has(job.runner));
          const passedOver = waiting.filter((job) => !wanted.has(job.key));
          for (const served of demandOf(view, key).filter((job) => wanted.has(job.key)))
            for (const job of passedOver) expect(byWaiting(served, job)).toBeLessThan(0);
        }
      }),
      runs,
    );
  });

  it("decides the same in whatever order the records are read", () => {
    const told = ({ wanted, ...rest }: PlanDecision) => ({
      wanted: wanted.map(({ reach, jobs }) => [reachKey(reach), jobs]),
      ...rest,
    });
    fc.assert(
      fc.property(viewAndShuffled, anyLimits, ({ view, other }, limits) => {
        expect(told(plan(other, limits))).toEqual(told(plan(view, limits)));
      }),
      runs,
    );
  });

  it("wants nothing more once what it wanted is under way", () => {
    fc.assert(
      fc.property(anyView, anyLimits, (view, limits) => {
        const decision = plan(view, limits);
        const again = plan(withLaunched(view, decision), limits);
        expect(again.wanted).toEqual([]);
        expect([again.capped, again.hungry]).toEqual([decision.capped, decision.hungry]);
      }),
      runs,
    );
  });

  it("names the limit that holds back: lifting the other one changes nothing", () => {
    fc.assert(
      fc.property(anyView, anyLimits, (view, limits) => {
        const decision = plan(view, limits);
        const made = machines(decision);
        expect(decision.capped).toBe(made < sum(keys.map((key) => allowed(view, key, limits))));
        expect(decision.hungry && !decision.capped).toBe(false);
        if (!decision.capped) return;
        const lifted = decision.hungry ? { ...limits, cap: 100 } : { ...limits, fleetRoom: 100 };
        expect(machines(plan(view, lifted))).toBe(made);
      }),
      runs,
    );
  });

  it("serves over all reaches who has waited longest when room is short", () => {
    const waiting = fc
      .array(fc.record({ reach: fc.constantFrom(...reaches.slice(0, 3)), waitedMs: fc.nat(5) }), { maxLength: 12 })
      .map((all) => all.map(({ reach, waitedMs }, at) => jobOf(at, { reach, queuedAt: noon - waitedMs })));
    fc.assert(
      fc.property(waiting, fc.nat(12), (jobs, cap) => {
        const served = plan(someView({ jobs }), { cap, fleetRoom: 100 }).wanted.flatMap((wanted) => wanted.jobs);
        const oldest = [...jobs].sort((a, b) => a.queuedAt - b.queuedAt || (a.key < b.key ? -1 : 1)).slice(0, cap);
        expect([...served].sort()).toEqual(oldest.map(({ key }) => key).sort());
      }),
      runs,
    );
  });
});

describe("backing off, whatever stands,", () => {
  const failures = fc.array(
    fc.record({
      afterMs: fc.nat(400_000),
      reason: fc.constantFrom("no-capacity" as const, "throttled" as const, "misconfigured" as const),
      namedMs: fc.option(fc.integer({ min: 1_000, max: 3_600_000 })),
      jitter: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
    }),
    { minLength: 1, maxLength: 40 },
  );

  it("pauses after every failure: to the moment that was named, else for half a second to five minutes, and never less than it was to", () => {
    fc.assert(
      fc.property(failures, (all) => {
        let now = noon;
        let standing: Blocked | undefined;
        for (const { afterMs, reason, namedMs, jitter } of all) {
          now += afterMs;
          const named = namedMs === null ? {} : { retryAt: now + namedMs };
          const during = standing?.reason === reason && (standing.until ?? 0) > now ? standing : undefined;
          const next = backOff(standing, { reason, detail: null, ...named }, { now, jitter });
          const pauseMs = (next.until ?? 0) - now;
          expect(next.since).toBeLessThanOrEqual(now);
          if (during !== undefined) {
            expect([next.tries, next.since]).toEqual([during.tries, during.since]);
            expect(next.until).toBe(Math.max(during.until ?? 0, now + (namedMs ?? 0)));
          } else {
            const stoodMs = Math.max(0, (standing?.until ?? 0) - now);
            const [least, most] = namedMs === null ? [500, 300_000] : [namedMs, namedMs];
            expect(pauseMs).toBeGreaterThanOrEqual(Math.max(least, stoodMs));
            expect(pauseMs).toBeLessThanOrEqual(Math.max(most, stoodMs));
          }
          standing = next;
        }
      }),
      runs,
    );
  });
});

function withLaunched(view: ProfileView, { wanted, blocked }: PlanDecision): ProfileView {
  const launches = wanted.map(({ reach, jobs }, index) =>
    someLaunch({ id: `new${index}`, reach, slots: jobs.map((job) => ({ runner: `for ${job}`, job })) }),
  );
  return { ...view, planner: { ...view.planner, blocked, launches: [...view.planner.launches, ...launches] } };
}

function jobOf(index: number, changes: Partial<Job>): Job {
  const id = `j${String(index).padStart(2, "0")}`;
  return someJob({ id, key: `api/local/${id}`, ...changes });
}

function machines({ wanted }: PlanDecision): number {
  return sum(wanted.map(({ jobs }) => jobs.length));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
