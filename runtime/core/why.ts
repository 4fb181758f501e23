/** Why a job is where it is: the coded reason, its sentence, the next step, and where the time went (INTERFACE, WHY). */
import { isDemand, isFinal } from "./lifecycle";
import { type Blocked, type Instant, type Job, type PlannerRecord, type Runner } from "./model";
import { jobJson, type JobJson } from "./present";
import { reasons, type ReasonCode } from "./reasons";
import type { NoMatch } from "./routing";
import { fullTimeline, stageTimes, standingBlock } from "./timeline";

export interface Why {
  readonly job: JobJson;
  /** It has no runner yet and wants one. */
  readonly waiting: boolean;
  readonly reason: ReasonCode | null;
  readonly what: string;
  readonly fix: string;
  readonly stages: readonly { readonly stage: string; readonly ms: number }[];
}

export interface WhyInput {
  readonly job: Job;
  readonly planner: PlannerRecord | undefined;
  readonly runner: Runner | undefined;
  /** For a job that fits no profile: the nearest one. */
  readonly nearest: NoMatch<{ readonly name: string }>["nearest"];
  readonly now: Instant;
}

export function explainJob(input: WhyInput): Why {
  const { job, planner, runner } = input;
  const waiting = isDemand(job);
  const standing = standingBlock(job, input);
  const reason = standing?.reason ?? job.reason;
  const end = isFinal(job.state) ? undefined : input.now;
  return {
    job: jobJson(job, planner),
    waiting,
    reason,
    ...sentences(input, reason, standing),
    stages: stageTimes(fullTimeline(job, { runner, planner }), job.attempt, end),
  };
}

function sentences(input: WhyInput, reason: ReasonCode | null, blocked: Blocked | undefined) {
  const { job, nearest } = input;
  if (reason === null) return calm[job.state];
  const { what, fix } = reasons[reason];
  const detail = blocked?.detail ?? job.detail;
  if (reason === "no-matching-profile" && nearest) {
    const missing = nearest.missing.join(", ");
    return { what: `${what}; the nearest is "${nearest.profile.name}", which lacks: ${missing}`, fix };
  }
  return { what: detail ? `${what}: ${detail}` : what, fix };
}

/** What to say when nothing is wrong. */
const calm: Readonly<Record<Job["state"], { readonly what: string; readonly fix: string }>> = {
  queued: { what: "a machine is being asked for", fix: "nothing: it starts in a moment" },
  waiting: reasons["waiting-for-approval"],
  starting: { what: "its machine is starting", fix: "nothing: it starts in a moment" },
  running: { what: "it is running", fix: "nothing: `onejob logs -f` shows what it prints" },
  completed: { what: "it ended well", fix: "nothing" },
  failed: { what: "it ended with an error", fix: reasons["command-failed"].fix },
  cancelled: { what: "it was cancelled", fix: "run `onejob rerun` to start it again" },
  expired: { what: "it waited too long", fix: reasons["queue-timeout"].fix },
};
