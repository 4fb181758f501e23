/** What a job's record promises whatever is said of it: in any order, doubled, late, and by clocks that disagree. */
import fc from "fast-check";
import type { JobEvent } from "../../runtime/core/events";
import { movesFor } from "../../runtime/core/event-moves";
import { mayRelaunch, mayRetry, moveJob, newJob, type JobMove, type Moved } from "../../runtime/core/job-moves";
import { isDemand, isFinal } from "../../runtime/core/lifecycle";
import type { Job } from "../../runtime/core/model";
import { noon, reach, someFacts, someJob, someProfile } from "../fixtures/records";

const profile = someProfile({ timeouts: { queuedMs: 3_600_000, jobMs: 60_000, waitingMs: 7_200_000 } });
const runs = { numRuns: 300 };

const runner = fc.constantFrom("r1", "r2", "r3");
const reason = fc.constantFrom("agent-lost" as const, "boot-timeout" as const, "interrupted" as const);
const detail = fc.constantFrom(null, "the machine said so");
const exitCode = fc.constantFrom(null, 0, 1, 137);
const only = <T>(value: T) => fc.constant(value);

const words = fc.oneof(
  fc.record({ event: only("queued" as const) }),
  fc.record({ event: only("held" as const) }),
  fc.record({ event: only("claimed" as const), runner, waitedFor: fc.constantFrom(null, "at-profile-cap" as const) }),
  fc.record({ event: only("unclaimed" as const), reason, detail }),
  fc.record({ event: only("bound" as const), runner }),
  fc.record({ event: only("started" as const), runner: fc.option(runner), stages: only([]) }),
  fc.record({ event: only("retried" as const), reason, detail, exitCode }),
  fc.record({ event: only("cancelRequested" as const) }),
  fc.record({ event: only("vanished" as const), reason }),
);
const endings = fc.oneof(
  fc.record({ event: only("succeeded" as const), exitCode }),
  fc.record({ event: only("failed" as const), reason, detail, exitCode }),
  fc.record({ event: only("cancelled" as const), reason: only("cancelled-by-user" as const), exitCode }),
  fc.record({ event: only("expired" as const) }),
);

/** Few names of deliveries, so that many come twice; clocks that go back at times. */
const told = fc.record({ afterMs: fc.integer({ min: -5_000, max: 60_000 }), delivery: fc.option(fc.nat(40)) });
const anyMoves = fc
  .array(fc.tuple(fc.oneof({ weight: 9, arbitrary: words }, { weight: 1, arbitrary: endings }), told), {
    maxLength: 40,
  })
  .map((all) => {
    let at = noon;
    return all.map(([word, { afterMs, delivery }]): JobMove => {
      at += afterMs;
      return { ...word, at, ...(delivery === null ? {} : { delivery: `d${delivery}` }) };
    });
  });

const bar = { reason: "untrusted-on-process", detail: "a fork" } as const;
const anyJob = fc
  .record({
    retries: fc.nat(3),
    place: fc.constantFrom(
      { profile, reach, barred: null },
      { profile, reach, barred: bar },
      { profile: null, reach: null, barred: null },
    ),
  })
  .map(({ retries, place }) => newJob(someFacts({ retries }), place, { receivedAt: noon, now: noon, delivery: "d0" }));

interface Step {
  readonly before: Job;
  readonly move: JobMove;
  readonly moved: Moved | undefined;
}

/** Every move that was tried, with the record before it; writing to that record throws. */
function story(first: Job, moves: readonly JobMove[]): readonly Step[] {
  let job = first;
  return moves.map((move) => {
    const before = frozen(job);
    const moved = moveJob(before, move, profile);
    job = moved?.job ?? before;
    return { before, move, moved };
  });
}

function frozen(job: Job): Job {
  for (const part of [job, job.timeline, job.deliveries]) Object.freeze(part);
  return job;
}

interface Done extends Step {
  readonly moved: Moved;
  readonly job: Job;
}

function eachMove(check: (step: Done) => void, changes: Partial<fc.Parameters<unknown>> = runs): void {
  fc.assert(
    fc.property(anyJob, anyMoves, (first, moves) => {
      for (const step of story(first, moves))
        if (step.moved !== undefined) check({ ...step, moved: step.moved, job: step.moved.job });
    }),
    changes,
  );
}

describe("a job, whatever is said of it,", () => {
  it("rises by one version with every move, and ends once, for good", () => {
    eachMove(({ before, job }) => {
      expect(job.version).toBe(before.version + 1);
      expect(isFinal(before.state)).toBe(false);
    });
  });

  it("has a deadline until it ends, and an end when it has ended", () => {
    eachMove(({ job }) => {
      const ended = isFinal(job.state);
      expect(job.deadlineAt === null).toBe(ended);
      expect(job.finishedAt !== null).toBe(ended);
      expect(Number.isFinite(job.deadlineAt ?? 0)).toBe(true);
    });
  });

  it("has started while it runs, and while it waits neither started nor a runner it could wait for in vain", () => {
    eachMove(({ job: { state, runner: mine, bound, startedAt } }) => {
      if (state === "queued" || state === "waiting") expect([mine, bound, startedAt]).toEqual([null, false, null]);
      if (state === "starting") expect([mine === null, startedAt]).toEqual([false, null]);
      if (state === "running") expect([bound, startedAt === null]).toEqual([true, false]);
    });
  });

  it("says while it is queued why no machine comes, where none will", () => {
    eachMove(({ move, job }) => {
      if (job.state !== "queued" || move.event === "retried") return;
      const why = job.profile === null ? "no-matching-profile" : (job.barred?.reason ?? null);
      expect(job.reason).toBe(why);
    });
  });

  it("adds to its story and changes nothing of it, and tells the attempts in order", () => {
    eachMove(({ before, job }) => {
      expect(job.timeline.slice(0, before.timeline.length)).toEqual(before.timeline);
      const attempts = job.timeline.map((entry) => entry.attempt);
      expect(attempts).toEqual([...attempts].sort((a, b) => a - b));
      expect(attempts.at(-1)).toBeLessThanOrEqual(job.attempt);
    });
  });

  it("hears nothing from a delivery it has heard, as far back as twenty", () => {
    eachMove(({ before, move, job }) => {
      const { delivery } = move;
      expect(job.deliveries.length).toBeLessThanOrEqual(20);
      expect(new Set(job.deliveries).size).toBe(job.deliveries.length);
      if (delivery === undefined) return expect(job.deliveries).toEqual(before.deliveries);
      expect(job.deliveries.at(-1)).toBe(delivery);
      expect(moveJob(job, move, profile)).toBeUndefined();
    });
  });

  it("lets its runner go whenever it leaves one that has it, but the one that died", () => {
    eachMove(({ before, move, job, moved }) => {
      const left = before.bound && (isFinal(job.state) || job.attempt !== before.attempt);
      if (left) expect(moved.effects).toContain("retire");
      if (move.event === "claimed" || move.event === "unclaimed") expect(moved.effects).not.toContain("retire");
    });
  });

  it("asks for a plan whenever it comes to want a machine", () => {
    eachMove(({ before, job, moved }) => {
      if (isDemand(job) && !isDemand(before)) expect(moved.effects).toContain("plan");
    });
  });

  it("gains no time in the queue from machines that come and go", () => {
    eachMove(({ before, move, job }) => {
      const machines = ["claimed", "unclaimed", "vanished"].includes(move.event);
      if (machines && !isFinal(job.state)) expect(job.deadlineAt).toBe(before.queuedAt + 3_600_000);
    });
  });

  it("gains no time from being asked to stop again", () => {
    eachMove(({ before, move, job }) => {
      if (move.event !== "cancelRequested" || before.cancelRequestedAt === null) return;
      expect([job.deadlineAt, job.cancelRequestedAt]).toEqual([before.deadlineAt, before.cancelRequestedAt]);
    });
  });

  it("ends with the first deadline that comes true", () => {
    fc.assert(
      fc.property(anyJob, anyMoves, (first, moves) => {
        const job = story(first, moves).reduce((last, { moved }) => moved?.job ?? last, first);
        const late = moveJob(job, { event: "expired", at: job.deadlineAt ?? 0 }, profile)?.job;
        expect(isFinal((late ?? job).state)).toBe(true);
      }),
      runs,
    );
  });

  it("is made anew for a lost machine at most three times for each of its attempts", () => {
    fc.assert(
      fc.property(fc.nat(3), anyMoves, (retries, between) => {
        let job = someJob({ retries });
        let losses = 0;
        const noise = between.filter(({ event }) => event === "claimed" || event === "unclaimed" || event === "held");
        for (; !isFinal(job.state) && losses < 100; losses += 1) {
          for (const move of noise) job = moveJob(job, move, profile)?.job ?? job;
          const at = noon + losses;
          job = moveJob(job, { event: "queued", at }, profile)?.job ?? job;
          job = moveJob(job, { event: "bound", at, runner: "r1" }, profile)?.job ?? job;
          job = moveJob(job, afterLoss(job, at), profile)?.job ?? job;
        }
        expect(losses).toBe((retries + 1) * 4);
      }),
      { numRuns: 100 },
    );
  });
});

/** As the flow settles a lost attempt. */
function afterLoss(job: Job, at: number): JobMove {
  const lost = { at, reason: "agent-lost", detail: null, exitCode: null } as const;
  if (mayRelaunch(job)) return { ...lost, event: "vanished" };
  return { ...lost, event: mayRetry(job, { again: false }) ? "retried" : "failed" };
}

describe("what a forge tells of a job, doubled and in any order,", () => {
  const kinds = fc.shuffledSubarray(["queued", "waiting", "started"] as const, { minLength: 0 });
  const lasts = fc.constantFrom(
    { kind: "finished", succeeded: true, state: "completed" } as const,
    { kind: "finished", succeeded: false, state: "failed" } as const,
    { kind: "cancelled", succeeded: null, state: "cancelled" } as const,
  );
  const parcels = fc.tuple(kinds, lasts, fc.option(fc.constant("onejob-r1"))).chain(([before, last, runnerName]) => {
    const all = [...before.map((kind) => ({ kind, succeeded: null })), last].map(({ kind, succeeded }, index) =>
      wordOf({ kind, succeeded, delivery: `d${index}`, runnerName, at: noon + index }),
    );
    const order = fc.shuffledSubarray([...all, ...all], { minLength: all.length * 2 });
    return order.map((events) => ({ events, state: last.state }));
  });

  it("ends the job as its last word says, whenever that comes", () => {
    fc.assert(
      fc.property(parcels, ({ events, state }) => {
        const moves = events.flatMap((event) => movesFor(event, { id: "r1", stages: [] }));
        const steps = story(someJob({ deliveries: [] }), moves);
        const job = steps.reduce((last, { moved }) => moved?.job ?? last, someJob());
        expect(job.state).toBe(state);
        expect(job.timeline.filter(({ stage }) => stage === "started").length).toBeLessThanOrEqual(1);
        expect(new Set(job.deliveries).size).toBe(job.deliveries.length);
      }),
      runs,
    );
  });
});

function wordOf(word: Pick<JobEvent, "kind" | "succeeded" | "delivery" | "runnerName" | "at">): JobEvent {
  return { ...word, facts: someFacts(), receivedAt: noon + 60_000 };
}
