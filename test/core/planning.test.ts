import fc from "fast-check";
import { backOff, planProfile, type PlanInput } from "../../runtime/core/planning";
import { reachKey, type Blocked, type Job, type Runner } from "../../runtime/core/model";
import { noon, reach, someJob, someLaunch, somePlanner, someProfile, someRunner, someView } from "../fixtures/records";

function plan(changes: Partial<PlanInput>) {
  return planProfile({
    view: someView(),
    profile: someProfile(),
    fleetRoom: 100,
    draining: false,
    hasSource: () => true,
    now: noon,
    ...changes,
  });
}

function jobs(count: number, changes: (index: number) => Partial<Job> = () => ({})): Job[] {
  return Array.from({ length: count }, (_, index) => {
    const id = `01JD${String(index).padStart(22, "0")}`;
    return someJob({ id, key: `api/local/${id}`, queuedAt: noon + index, ...changes(index) });
  });
}

function machines(decision: ReturnType<typeof plan>): number {
  return decision.wanted.reduce((sum, wanted) => sum + wanted.jobs.length, 0);
}

const small = (maxRunners: number) => someProfile({ limits: { maxRunners } });
const key = reachKey(reach);

describe("planning", () => {
  it("asks for one machine per job when nothing runs", () => {
    expect(machines(plan({ view: someView({ jobs: jobs(3) }) }))).toBe(3);
  });

  it("asks for nothing while supply covers demand", () => {
    const view = someView({ jobs: jobs(1), runners: [someRunner({ state: "booting" })] });
    expect(plan({ view }).wanted).toEqual([]);
  });

  it("counts an open launch as supply until its runner is written, and once, not twice", () => {
    const planner = somePlanner({ launches: [someLaunch()] });
    expect(machines(plan({ view: someView({ jobs: jobs(2), planner }) }))).toBe(1);
    const written = someView({ jobs: jobs(2), planner, runners: [someRunner({ id: "r1", state: "booting" })] });
    expect(machines(plan({ view: written, profile: small(2) }))).toBe(1);
  });

  it("does not count runners that have a job, drain or stop", () => {
    const runners = [
      someRunner({ id: "a", job: "api/local/x" }),
      someRunner({ id: "b", draining: true }),
      someRunner({ id: "c", state: "stopping" }),
      someRunner({ id: "d", state: "running", job: "api/local/y" }),
    ];
    expect(machines(plan({ view: someView({ jobs: jobs(1), runners }) }))).toBe(1);
  });

  it("takes a runner that runs what nobody has named for one of those that seem to wait", () => {
    const runners = [someRunner({ id: "d", state: "running", job: null })];
    expect(machines(plan({ view: someView({ jobs: jobs(2), runners }) }))).toBe(1);
  });

  it("says what the machines said that opened a breaker", () => {
    const detail = "no such folder: /opt/runner";
    const breaker = { failures: 3, reason: "misconfigured", detail, openUntil: noon + 1 } as const;
    const view = someView({ jobs: jobs(1), planner: somePlanner({ breakers: { [key]: breaker } }) });
    expect(plan({ view }).blocked[key]).toMatchObject({ reason: "misconfigured", detail });
  });

  it("launches nothing for a source that is not configured any more, and says so", () => {
    const decision = plan({ view: someView({ jobs: jobs(1) }), hasSource: () => false });
    expect(decision.wanted).toEqual([]);
    expect(decision.blocked[key]).toMatchObject({ reason: "source-unreachable" });
  });

  it("gives a barred job nothing, whatever room there is", () => {
    const barred = { reason: "untrusted-on-process", detail: "a fork" } as const;
    expect(plan({ view: someView({ jobs: jobs(1, () => ({ barred })) }) })).toMatchObject({ wanted: [], blocked: {} });
  });

  it("keeps what blocks a reach for a time, also while its machines cover the demand", () => {
    const blocked = { reason: "source-unreachable", detail: null, since: noon, until: noon + 1, tries: 1 } as const;
    const runners = [someRunner({ state: "booting" })];
    const view = someView({ jobs: jobs(1), runners, planner: somePlanner({ blocked: { [key]: blocked } }) });
    expect(plan({ view }).blocked).toEqual({ [key]: blocked });
    expect(plan({ view, now: noon + 5 * 60_000 }).blocked).toEqual({ [key]: blocked });
    expect(plan({ view, now: noon + 11 * 60_000 }).blocked).toEqual({});
  });

  it("never counts a job that waits for approval, or that a runner holds, as demand", () => {
    const held = jobs(2, (index) =>
      index === 0 ? { state: "waiting" } : { state: "starting", bound: true, runner: "r" },
    );
    expect(plan({ view: someView({ jobs: held }) }).wanted).toEqual([]);
  });

  it("replaces the machine of a claimed job that died before it started", () => {
    const claimed = jobs(1, () => ({ state: "starting", runner: "dead" }));
    expect(machines(plan({ view: someView({ jobs: claimed }) }))).toBe(1);
  });

  it("takes a machine that two jobs expect for one of them only: the other gets its own", () => {
    const both = jobs(2, () => ({ state: "starting", runner: "r1" }));
    const decision = plan({ view: someView({ jobs: both, runners: [someRunner({ state: "booting" })] }) });
    expect(decision.wanted[0]?.jobs).toEqual(both.slice(1).map((job) => job.key));
  });

  it("makes no second machine for a job that is set aside, though an older attempt's runner still names it", () => {
    const again = jobs(1, () => ({ attempt: 2 }));
    const runners = [1, 2].map((attempt) => someRunner({ id: `r${attempt}`, job: again[0]?.key ?? "", attempt }));
    expect(plan({ view: someView({ jobs: again, runners }) }).wanted).toEqual([]);
    expect(plan({ view: someView({ jobs: again, runners: runners.reverse() }) }).wanted).toEqual([]);
  });

  it("gives a job another machine when the one that is set aside for it is being stopped", () => {
    const waiting = jobs(1, () => ({ state: "starting", runner: "r1" }));
    const stopping = someRunner({ state: "stopping", job: waiting[0]?.key ?? "", attempt: 1 });
    expect(machines(plan({ view: someView({ jobs: waiting, runners: [stopping] }) }))).toBe(1);
  });

  it("serves the longest waiting first when room is short, and says why the rest waits", () => {
    const decision = plan({ view: someView({ jobs: jobs(3).reverse() }), profile: small(2) });
    expect(decision.wanted[0]?.jobs).toEqual(jobs(2).map((job) => job.key));
    expect(decision.blocked[key]).toMatchObject({ reason: "at-profile-cap", since: noon });
  });

  it("names the fleet's limit when that is the tighter one", () => {
    const decision = plan({ view: someView({ jobs: jobs(3) }), fleetRoom: 1 });
    expect(machines(decision)).toBe(1);
    expect(decision).toMatchObject({ hungry: true, blocked: { [key]: { reason: "at-fleet-cap" } } });
  });

  it("keeps the moment a reason began while it stays the same", () => {
    const before = plan({ view: someView({ jobs: jobs(2) }), profile: small(0) });
    const planner = somePlanner({ blocked: before.blocked });
    const after = plan({ view: someView({ jobs: jobs(2), planner }), profile: small(0), now: noon + 5_000 });
    expect(after.blocked).toEqual(before.blocked);
  });

  it("launches nothing during a backoff, and all of it afterwards", () => {
    const blocked = {
      [key]: { reason: "no-capacity", detail: "none", since: noon, until: noon + 1_000, tries: 1 },
    } as const;
    const view = someView({ jobs: jobs(2), planner: somePlanner({ blocked }) });
    expect(plan({ view })).toMatchObject({ wanted: [], blocked });
    expect(machines(plan({ view, now: noon + 1_000 }))).toBe(2);
  });

  it("sends one probe through an open breaker when it is due, and no second beside it", () => {
    const breakers = { [key]: { failures: 3, reason: "boot-failing", openUntil: noon } } as const;
    const planner = somePlanner({ breakers });
    expect(machines(plan({ view: someView({ jobs: jobs(5), planner }) }))).toBe(1);
    expect(machines(plan({ view: someView({ jobs: jobs(5), planner }), now: noon - 1 }))).toBe(0);
    const probing = someView({ jobs: jobs(5), planner, runners: [someRunner({ state: "booting" })] });
    expect(plan({ view: probing })).toMatchObject({ wanted: [], blocked: { [key]: { reason: "boot-failing" } } });
  });

  it("sends a probe that found no room as soon as there is some", () => {
    const breakers = { [key]: { failures: 3, reason: "boot-failing", openUntil: noon } } as const;
    const full = plan({ view: someView({ jobs: jobs(1), planner: somePlanner({ breakers }) }), profile: small(0) });
    expect(full).toMatchObject({ wanted: [], capped: true, blocked: { [key]: { reason: "at-profile-cap" } } });
    const planner = somePlanner({ breakers, blocked: full.blocked });
    expect(machines(plan({ view: someView({ jobs: jobs(1), planner }), now: noon + 1 }))).toBe(1);
  });

  it("launches nothing for a profile that is no longer configured", () => {
    const decision = plan({ view: someView({ jobs: jobs(1) }), profile: undefined });
    expect(decision).toMatchObject({ wanted: [], blocked: { [key]: { reason: "no-matching-profile" } } });
  });

  const anyState = fc.record({
    waiting: fc.nat(30),
    runners: fc.array(fc.constantFrom<Runner["state"]>("booting", "idle", "running", "stopping"), { maxLength: 20 }),
    slots: fc.nat(10),
    cap: fc.nat(25),
    fleetRoom: fc.nat(25),
  });

  function viewOf(state: { waiting: number; runners: readonly Runner["state"][]; slots: number }) {
    const slots = Array.from({ length: state.slots }, (_, index) => ({ runner: `slot-${index}`, job: null }));
    return someView({
      jobs: jobs(state.waiting),
      planner: somePlanner({ launches: [someLaunch({ slots })] }),
      runners: state.runners.map((name, index) => {
        const job = name === "running" ? `api/local/other-${index}` : null;
        return someRunner({ id: `r-${index}`, state: name, job });
      }),
    });
  }

  it("never passes the profile's limit or the fleet's, whatever the state", () => {
    fc.assert(
      fc.property(anyState, (state) => {
        const live = state.runners.length + state.slots;
        const made = machines(plan({ view: viewOf(state), profile: small(state.cap), fleetRoom: state.fleetRoom }));
        expect(made).toBeLessThanOrEqual(Math.max(0, Math.min(state.cap, state.fleetRoom) - live));
      }),
    );
  });

  it("reaches min(demand, room) in one plan, whatever the state", () => {
    fc.assert(
      fc.property(anyState, (state) => {
        const supply = state.slots + state.runners.filter((name) => name === "booting" || name === "idle").length;
        const room = Math.max(0, Math.min(state.cap, state.fleetRoom) - state.runners.length - state.slots);
        const made = machines(plan({ view: viewOf(state), profile: small(state.cap), fleetRoom: state.fleetRoom }));
        expect(made).toBe(Math.min(room, Math.max(0, state.waiting - supply)));
      }),
    );
  });

  it("explains every reach whose demand is not covered", () => {
    fc.assert(
      fc.property(anyState, (state) => {
        const supply = state.slots + state.runners.filter((name) => name === "booting" || name === "idle").length;
        const decision = plan({ view: viewOf(state), profile: small(state.cap), fleetRoom: state.fleetRoom });
        const uncovered = state.waiting > supply + machines(decision);
        expect(Object.keys(decision.blocked)).toEqual(uncovered ? [key] : []);
      }),
    );
  });
});

describe("backing off", () => {
  const at = { now: noon, jitter: 1 };
  const pauseOf = ({ until }: { readonly until: number | null }, now = noon) => (until ?? 0) - now;

  it("doubles the pause with every failure in a row, up to five minutes", () => {
    const failure = { reason: "no-capacity", detail: null } as const;
    const first = backOff(undefined, failure, at);
    const next = { now: noon + 1_000, jitter: 1 };
    const second = backOff(first, failure, next);
    const late = backOff({ ...second, until: noon, tries: 40 }, failure, next);
    expect([pauseOf(first), pauseOf(second, next.now), pauseOf(late, next.now)]).toEqual([1_000, 2_000, 300_000]);
    expect(second.since).toBe(first.since);
  });

  it("tries what is set up wrong at a compute no sooner than every five minutes, the first time and later", () => {
    const failure = { reason: "misconfigured", detail: "no such image" } as const;
    for (const jitter of [0, 1]) {
      const first = backOff(undefined, failure, { now: noon, jitter });
      expect(pauseOf(first)).toBe(300_000);
      expect(pauseOf(backOff({ ...first, until: noon, tries: 7 }, failure, { now: noon, jitter }))).toBe(300_000);
    }
    const atSource = backOff(undefined, { ...failure, atSource: true }, at);
    expect(pauseOf(atSource)).toBe(1_000);
  });

  it("takes failures that arrive during a pause for the one that began it: a batch fails as one", () => {
    const failure = { reason: "throttled", detail: "gh", atSource: true } as const;
    const first = backOff(undefined, failure, at);
    const eighth = Array.from({ length: 7 }).reduce<Blocked>((standing) => backOff(standing, failure, at), first);
    expect(eighth).toEqual(first);
  });

  it("never ends a pause because something else failed meanwhile", () => {
    const asked = backOff(undefined, { reason: "throttled", detail: "gh", retryAt: noon + 45_000 }, at);
    const then = backOff(asked, { reason: "no-capacity", detail: null }, at);
    expect([then.reason, pauseOf(then)]).toEqual(["no-capacity", 45_000]);
  });

  it("pauses until the moment the other side named, however often it failed", () => {
    const failure = { reason: "throttled", detail: "gh", atSource: true, retryAt: noon + 30_000 } as const;
    const first = backOff(undefined, failure, at);
    const often = backOff({ ...first, until: noon, tries: 12 }, failure, at);
    expect([pauseOf(first), pauseOf(often)]).toEqual([30_000, 30_000]);
    const later = backOff(first, { ...failure, retryAt: noon + 45_000 }, at);
    expect(pauseOf(later)).toBe(45_000);
  });
});
