/** How a job record changes with each move of its lifecycle. Pure: the caller writes the result, or drops it. */
import type { JobFacts } from "./events";
import { mostReruns } from "./interruption";
import { isFinal, isHeld, jobStep, jobTraits, type JobEffect, isUnderWay } from "./lifecycle";
import type { Bar, Instant, Job, JobState, Reach, TimelineEntry } from "./model";
import type { ReasonCode } from "./reasons";
import type { ProfileSettings } from "./settings";

/** After a running job's own time-out, or a cancel, this long may pass until the agent's word is no longer awaited. */
const agentGraceMs = 30_000;
/** How long a runner may take to fetch and unpack what a job needs. */
const prepareMs = 15 * 60_000;
const diedUnready = "its machine was lost before the command began";
/** For jobs that fit no profile, so that they end as well. */
const unroutedQueueMs = 24 * 3_600_000;
const keptDeliveries = 20;
/** How it came in, and the latest: a job that waits for weeks must not outgrow what a store takes for one record. */
const keptEntries = { first: 3, last: 297 } as const;

export type JobMove = { readonly at: Instant; readonly delivery?: string } & (
  | { readonly event: "queued" | "held" | "cancelRequested" | "interrupted" }
  | { readonly event: "claimed"; readonly runner: string; readonly waitedFor: ReasonCode | null }
  | { readonly event: "unclaimed"; readonly reason: ReasonCode; readonly detail: string | null }
  | { readonly event: "bound"; readonly runner: string }
  | { readonly event: "started"; readonly runner: string | null; readonly stages: readonly TimelineEntry[] }
  | { readonly event: "succeeded"; readonly exitCode: number | null }
  | {
      readonly event: "failed" | "retried";
      readonly reason: ReasonCode | null;
      readonly detail: string | null;
      readonly exitCode: number | null;
    }
  | { readonly event: "cancelled"; readonly reason: ReasonCode; readonly exitCode: number | null }
  | { readonly event: "expired" }
  | { readonly event: "vanished"; readonly reason: ReasonCode }
);

export interface Moved {
  readonly job: Job;
  readonly effects: readonly JobEffect[];
}

/** Where a job is to run, and whether it may. */
export interface JobPlace {
  readonly profile: ProfileSettings | null;
  readonly reach: Reach | null;
  readonly barred: Bar | null;
}

/** A job as it is first written. */
export function newJob(
  facts: JobFacts,
  place: JobPlace,
  seen: { readonly receivedAt: Instant; readonly now: Instant; readonly delivery: string },
): Job {
  const attempt = 1;
  const queuedMs = place.profile?.timeouts.queuedMs ?? unroutedQueueMs;
  const { key, source, host, id, scope, name, labels, url, createdAt, retries, work, origin } = facts;
  return {
    ...{ key, source, host, id, scope, name, labels, url, createdAt, retries, work, origin, attempt },
    profile: place.profile?.name ?? null,
    reach: place.reach,
    barred: place.barred,
    state: "queued",
    ...waitsFor(place),
    exitCode: null,
    runner: null,
    bound: false,
    queuedAt: seen.now,
    startedAt: null,
    finishedAt: null,
    deadlineAt: seen.now + queuedMs,
    cancelRequestedAt: null,
    timeline: [
      { at: createdAt, stage: "created", attempt },
      { at: seen.receivedAt, stage: "received", attempt },
      { at: seen.now, stage: "admitted", attempt },
    ],
    deliveries: [seen.delivery],
    version: 1,
  };
}

/** The job after `move`, or `undefined` when the move is late or doubled. */
export function moveJob(job: Job, move: JobMove, profile: ProfileSettings | null): Moved | undefined {
  if (move.delivery !== undefined && job.deliveries.includes(move.delivery)) return undefined;
  const step = jobStep(job.state, move.event);
  if (step === undefined) return undefined;
  if (job.bound && (move.event === "bound" || move.event === "claimed" || move.event === "unclaimed")) return undefined;
  const patch = patchOf(job, move);
  const moved: Job = {
    ...job,
    ...patch,
    state: step.to,
    finishedAt: isFinal(step.to) ? move.at : null,
    timeline: shortened([...job.timeline, ...entriesOf(job, move, step.to)]),
    deliveries:
      move.delivery === undefined ? job.deliveries : [...job.deliveries, move.delivery].slice(-keptDeliveries),
    version: job.version + 1,
  };
  return { job: { ...moved, deadlineAt: deadlineOf(moved, move.at, profile) }, effects: step.effects };
}

function patchOf(job: Job, move: JobMove): Partial<Job> {
  const cleared = { runner: null, bound: false };
  switch (move.event) {
    case "queued":
      return { ...cleared, ...waitsFor(job), queuedAt: move.at };
    case "held":
      return { ...cleared, reason: "waiting-for-approval", detail: null };
    case "cancelRequested":
      return { cancelRequestedAt: job.cancelRequestedAt ?? move.at };
    case "interrupted":
      return {};
    case "claimed":
      return { runner: move.runner, bound: false, reason: null, detail: null };
    case "unclaimed":
      // Why the machine did not come stands on the timeline; the job itself just waits again.
      return { ...cleared, ...waitsFor(job) };
    case "bound":
      return { runner: move.runner, bound: true, reason: null, detail: null };
    case "started":
      // Until it is bound, its runner is a guess: whoever it runs on is not that one.
      return {
        ...{ runner: move.runner ?? (job.bound ? job.runner : null), bound: true },
        ...{ reason: null, detail: null, startedAt: move.at },
      };
    case "succeeded":
      return { exitCode: move.exitCode, reason: null, detail: null };
    case "failed":
      return { exitCode: move.exitCode, reason: move.reason, detail: move.detail };
    case "retried":
      return { ...cleared, attempt: job.attempt + 1, reason: move.reason, detail: move.detail, ...restarted(move) };
    case "cancelled":
      return { exitCode: move.exitCode, reason: move.reason, detail: null };
    case "expired":
      return { reason: timeoutReason(job) };
    case "vanished":
      if (isUnderWay(job)) return { reason: move.reason };
      return { ...cleared, ...waitsFor(job), ...marketAfter(move.reason) };
  }
}

function shortened(timeline: readonly TimelineEntry[]): readonly TimelineEntry[] {
  const { first, last } = keptEntries;
  return timeline.length <= first + last ? timeline : [...timeline.slice(0, first), ...timeline.slice(-last)];
}

function restarted({ at, reason }: { readonly at: Instant; readonly reason: ReasonCode | null }): Partial<Job> {
  return { queuedAt: at, startedAt: null, cancelRequestedAt: null, ...marketAfter(reason) };
}

/** What was interrupted once is not left to spare capacity again. */
function marketAfter(reason: ReasonCode | null): Pick<Job, "market"> {
  return reason === "interrupted" ? { market: "on-demand" } : {};
}

function entriesOf(job: Job, move: JobMove, to: JobState): readonly TimelineEntry[] {
  const entry = (stage: TimelineEntry["stage"], reason?: ReasonCode | null, detail?: string | null): TimelineEntry => ({
    at: move.at,
    stage,
    attempt: job.attempt,
    ...(reason ? { reason } : {}),
    ...(detail ? { detail } : {}),
  });
  switch (move.event) {
    case "queued":
      return [entry("admitted")];
    case "held":
      return [entry("waiting", "waiting-for-approval")];
    case "claimed":
      return move.waitedFor === null ? [] : [entry("waiting", move.waitedFor)];
    case "unclaimed":
      return [entry("relaunched", move.reason, move.detail)];
    case "retried":
      return [
        entry("finished", move.reason, move.detail),
        { ...entry("relaunched", move.reason), attempt: job.attempt + 1 },
      ];
    case "bound":
    case "cancelRequested":
      return [];
    case "interrupted":
      return [entry("interrupted", "interrupted")];
    case "started":
      return [...move.stages.map((stage) => ({ ...stage, attempt: job.attempt })), entry("started")];
    case "succeeded":
      return [entry("finished")];
    case "failed":
      return [entry("finished", move.reason, move.detail)];
    case "cancelled":
      return isUnderWay(job) ? [entry("cancelled", move.reason), entry("finished")] : [entry("cancelled", move.reason)];
    case "expired":
      return [entry(isUnderWay(job) ? "finished" : "expired", timeoutReason(job))];
    case "vanished":
      return isFinal(to) ? [entry("finished", move.reason)] : [entry("relaunched", move.reason, diedUnready)];
  }
}

function deadlineOf(job: Job, now: Instant, profile: ProfileSettings | null): Instant | null {
  const timeouts = profile?.timeouts;
  switch (jobTraits[job.state].timeout) {
    case null:
      return null;
    case "waiting":
      return now + (timeouts?.waitingMs ?? unroutedQueueMs);
    case "queued":
      // Once a runner has it, the queue is behind it: what counts is that the runner gets ready.
      return job.bound ? now + prepareMs : job.queuedAt + (timeouts?.queuedMs ?? unroutedQueueMs);
    case "job": {
      if (job.cancelRequestedAt !== null) return job.cancelRequestedAt + agentGraceMs;
      const limitMs = job.work?.timeoutMs ?? timeouts?.jobMs ?? unroutedQueueMs;
      return (job.startedAt ?? now) + limitMs + agentGraceMs;
    }
  }
}

function timeoutReason(job: Job): ReasonCode {
  return isUnderWay(job) ? "job-timeout" : "queue-timeout";
}

/** How often a machine may die before the job's command began, until that counts as a failed attempt. */
const mostRelaunches = 3;

/** An attempt that was lost before its command began has run nothing: it is simply tried again, though not for ever. */
export function mayRelaunch(job: Job): boolean {
  const died = job.timeline.filter((entry) => entry.detail === diedUnready && entry.attempt === job.attempt);
  return !isUnderWay(job) && job.cancelRequestedAt === null && died.length < mostRelaunches;
}

/** The same job in another place: found a profile after all, or may have a runner now. */
export function placedAnew(job: Job, place: JobPlace): Job {
  const { profile, reach, barred } = place;
  // One that waits for an approval goes on to say so.
  const why = isHeld(job) ? {} : waitsFor(place);
  return { ...job, profile: profile?.name ?? null, reach, barred, ...why, version: job.version + 1 };
}

function waitsFor({ profile, barred }: Pick<Job | JobPlace, "profile" | "barred">): Pick<Job, "reason" | "detail"> {
  if (profile === null) return { reason: "no-matching-profile", detail: null };
  return barred ?? { reason: null, detail: null };
}

/** The job with more time in its present state. */
export function givenTime(job: Job, until: Instant): Job {
  return { ...job, deadlineAt: until, version: job.version + 1 };
}

/** Whether a running job has more than its own time by now. */
export function wasGivenTime(job: Job, profile: ProfileSettings | null): boolean {
  return (job.deadlineAt ?? 0) > (deadlineOf(job, job.startedAt ?? 0, profile) ?? 0);
}

/** Attempts whose machine was taken away, not machines that were to have it and went before. */
function takenAttempts({ timeline }: Job): number {
  return timeline.filter(({ stage, reason }) => stage === "finished" && reason === "interrupted").length;
}

/** Whether an attempt that its machine was taken from may be made again. */
export function mayRunAgain(job: Job): boolean {
  return job.cancelRequestedAt === null && takenAttempts(job) < mostReruns;
}

/** Whether a failed attempt of this job may be tried again. `again`: interrupted ones were, and count for nothing. */
export function mayRetry(job: Job, { again }: { readonly again: boolean }): boolean {
  const free = again ? Math.min(takenAttempts(job), mostReruns) : 0;
  return job.attempt - free <= job.retries && job.cancelRequestedAt === null;
}
