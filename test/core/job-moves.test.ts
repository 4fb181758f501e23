import { mayRetry, moveJob, type JobMove } from "../../runtime/core/job-moves";
import type { Job } from "../../runtime/core/model";
import { noon, someJob, someProfile } from "../fixtures/records";

const profile = someProfile({ timeouts: { queuedMs: 3_600_000, jobMs: 60_000 } });

function move(job: Job, ...moves: readonly JobMove[]): Job {
  return moves.reduce((current, next) => moveJob(current, next, profile)?.job ?? current, job);
}

function refused(job: Job, next: JobMove): boolean {
  return moveJob(job, next, profile) === undefined;
}

const started: JobMove = { event: "started", at: noon + 2_000, runner: "r1", stages: [] };
const barred = { reason: "untrusted-on-process", detail: "a fork" } as const;
const bound: JobMove = { event: "bound", at: noon + 1_000, runner: "r1" };

describe("a job", () => {
  it("goes from queued to completed, raising its version with every move", () => {
    const done = move(someJob(), { event: "claimed", at: noon, runner: "r1", waitedFor: null }, bound, started, {
      event: "succeeded",
      at: noon + 5_000,
      exitCode: 0,
    });
    expect(done).toMatchObject({
      state: "completed",
      exitCode: 0,
      finishedAt: noon + 5_000,
      deadlineAt: null,
      version: 5,
    });
    expect(done.timeline.map((entry) => entry.stage)).toEqual([
      "created",
      "received",
      "admitted",
      "started",
      "finished",
    ]);
  });

  it("takes no word twice from the same delivery", () => {
    const again: JobMove = { event: "held", at: noon, delivery: "first" };
    expect(refused(someJob(), again)).toBe(true);
  });

  it("keeps the runner that has it when a late claim or a late failure of a launch comes", () => {
    const job = move(someJob(), bound);
    expect(refused(job, { event: "claimed", at: noon, runner: "other", waitedFor: null })).toBe(true);
    expect(refused(job, { event: "unclaimed", at: noon, reason: "boot-timeout", detail: null })).toBe(true);
    expect(refused(job, { ...bound, runner: "other" })).toBe(true);
  });

  it("is never moved again once it has ended", () => {
    const ended = move(someJob(), { event: "cancelled", at: noon, reason: "cancelled-by-user", exitCode: null });
    for (const next of [bound, started, { event: "succeeded", at: noon, exitCode: 0 } as const]) {
      expect(refused(ended, next)).toBe(true);
    }
  });

  it("waits again as its next attempt after one that failed, and keeps the story of the first", () => {
    const job = move(someJob({ retries: 1 }), bound, started, {
      event: "retried",
      at: noon + 9_000,
      reason: "agent-lost",
      detail: null,
      exitCode: null,
    });
    expect(job).toMatchObject({ state: "queued", attempt: 2, runner: null, bound: false, startedAt: null });
    expect(job.timeline.slice(-2)).toMatchObject([
      { stage: "finished", attempt: 1, reason: "agent-lost" },
      { stage: "relaunched", attempt: 2 },
    ]);
  });

  it.each([
    { retries: 0, attempt: 1, may: false },
    { retries: 1, attempt: 1, may: true },
    { retries: 1, attempt: 2, may: false },
  ])("with --retries $retries may be tried again after attempt $attempt: $may", ({ may, ...job }) => {
    expect(mayRetry(someJob(job), { again: false })).toBe(may);
  });

  it("is not tried again once somebody asked it to stop", () => {
    expect(mayRetry(someJob({ retries: 3, cancelRequestedAt: noon }), { again: false })).toBe(false);
  });

  it("expires unstarted as queue-timeout and running as job-timeout", () => {
    const late: JobMove = { event: "expired", at: noon + 9_000_000 };
    expect(move(someJob(), late)).toMatchObject({ state: "expired", reason: "queue-timeout" });
    expect(move(someJob(), bound, started, late)).toMatchObject({ state: "failed", reason: "job-timeout" });
  });

  it("has a deadline in every state but the last", () => {
    const running = move(someJob(), bound, started);
    expect(someJob().deadlineAt).not.toBeNull();
    expect(running.deadlineAt).toBe(noon + 2_000 + 60_000 + 30_000);
    const asked = move(running, { event: "cancelRequested", at: noon + 3_000 });
    expect(asked).toMatchObject({ state: "running", deadlineAt: noon + 33_000 });
  });

  it.each([
    ["no profile fits", { profile: null, reach: null }, { reason: "no-matching-profile", detail: null }],
    ["it may not run here", { barred }, barred],
  ])("says again that %s when its approval is given, or its machine does not come", (_case, place, why) => {
    const approved = move(someJob(place), { event: "held", at: noon + 1 }, { event: "queued", at: noon + 2 });
    expect(approved).toMatchObject({ state: "queued", ...why });
    const claimed: JobMove = { event: "claimed", at: noon, runner: "r1", waitedFor: null };
    const lost: JobMove = { event: "unclaimed", at: noon + 1, reason: "interrupted", detail: null };
    expect(move(someJob(place), claimed, lost)).toMatchObject({ state: "queued", ...why });
    expect(move(someJob(place), bound, { event: "vanished", at: noon + 1, reason: "agent-lost" })).toMatchObject(why);
  });

  it("keeps how it came in and what happened last, however long it waits", () => {
    const tries = Array.from({ length: 400 }, (_, index): JobMove[] => [
      { event: "claimed", at: noon + index, runner: "r1", waitedFor: "boot-failing" },
      { event: "unclaimed", at: noon + index, reason: "boot-timeout", detail: null },
    ]);
    const { timeline } = move(someJob(), ...tries.flat());
    expect(timeline).toHaveLength(300);
    expect(timeline.slice(0, 3)).toEqual(someJob().timeline);
    expect(timeline.at(-1)).toMatchObject({ stage: "relaunched", at: noon + 399 });
  });

  it("goes back to waiting for a machine when an approval is needed, and counts anew when it is given", () => {
    const held = move(someJob(), { event: "held", at: noon + 1 });
    expect(held).toMatchObject({ state: "waiting", reason: "waiting-for-approval" });
    expect(move(held, { event: "queued", at: noon + 2 })).toMatchObject({
      state: "queued",
      queuedAt: noon + 2,
      reason: null,
    });
  });
});
