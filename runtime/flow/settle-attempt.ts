/** How one attempt of a job ended, and what that makes of the job: done, failed, cancelled, or tried again. */
import { isForges } from "../core/api-source";
import { runsAgain } from "../core/interruption";
import { mayRelaunch, mayRetry, mayRunAgain, type JobMove } from "../core/job-moves";
import type { Instant, Job } from "../core/model";
import type { Ports } from "../core/ports";
import type { ReasonCode } from "../core/reasons";
import { applyToJob, profileOf } from "./moves";

export interface AttemptOutcome {
  readonly exitCode: number | null;
  readonly reason: ReasonCode | null;
  readonly detail: string | null;
}

/** Endings that no further try would change. */
const finalReasons: ReadonlySet<ReasonCode> = new Set(["bundle-refused", "job-timeout", "cancelled-by-user"]);

/** Endings that say nothing about the job. */
const losses: ReadonlySet<ReasonCode> = new Set(["agent-lost", "boot-timeout", "interrupted"]);

/** Applies the outcome if `runner` still holds the job; later or doubled word changes nothing. */
export async function settleAttempt(
  job: Job,
  ended: { readonly runner: string; readonly outcome: AttemptOutcome },
  ports: Ports,
): Promise<Job> {
  const at = ports.clock.now();
  const settled = await applyToJob(
    job,
    (current) => {
      if (!current.bound || current.runner !== ended.runner) return undefined;
      return moveAfter(current, { ...ended.outcome, at, again: runsAgain(profileOf(ports, current.profile)) });
    },
    ports,
  );
  return settled.job;
}

interface Settling extends AttemptOutcome {
  readonly at: Instant;
  /** What was interrupted is run again. */
  readonly again: boolean;
}

function moveAfter(job: Job, outcome: Settling): JobMove {
  const { exitCode, detail, at, again } = outcome;
  if (exitCode === 0 && outcome.reason === null) return { event: "succeeded", at, exitCode };
  if (outcome.reason === "cancelled-by-user" || job.cancelRequestedAt !== null)
    return { event: "cancelled", at, reason: "cancelled-by-user", exitCode };
  const reason = outcome.reason ?? "command-failed";
  if (losses.has(reason) && mayRelaunch(job)) return { event: "vanished", at, reason };
  const isAnothers = again && reason === "interrupted" && !isForges(job) && mayRunAgain(job);
  const event = isAnothers || (mayRetry(job, { again }) && !finalReasons.has(reason)) ? "retried" : "failed";
  return { event, at, reason, detail, exitCode };
}
