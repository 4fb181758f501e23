/** What a timeline says: how long each stage took, and what stands on it that no record holds. */
import { isDemand, isFinal, isGone, isListening, isStopping } from "./lifecycle";
import {
  reachKey,
  stages,
  type Blocked,
  type Job,
  type PlannerRecord,
  type Runner,
  type Stage,
  type TimelineEntry,
} from "./model";

const order: ReadonlyMap<string, number> = new Map(stages.map((stage, index) => [stage, index]));

/** From each stage of one attempt to the next one, in milliseconds, in the order of the stages. */
export function stageTimes(
  timeline: readonly TimelineEntry[],
  attempt: number,
  until?: number,
): readonly { readonly stage: Stage; readonly ms: number }[] {
  const steps = timeline
    .filter((entry) => order.has(entry.stage) && (entry.attempt === attempt || (order.get(entry.stage) ?? 0) <= 2))
    .sort((a, b) => (order.get(a.stage) ?? 0) - (order.get(b.stage) ?? 0));
  return steps.flatMap((entry, index) => {
    const next = steps[index + 1]?.at ?? until;
    return next === undefined ? [] : [{ stage: entry.stage as Stage, ms: Math.max(0, next - entry.at) }];
  });
}

/** What holds a waiting job back at the moment, where its machine is not on its way or waits for the same. */
export function standingBlock(job: Job, around: Around): Blocked | undefined {
  const blocked = job.reach && isDemand(job) ? around.planner?.blocked[reachKey(job.reach)] : undefined;
  if (blocked === undefined || !isComing(job, around)) return blocked;
  const isUp = around.runner !== undefined && isListening(around.runner);
  return blocked.atSource === true && !isUp ? blocked : undefined;
}

interface Around {
  readonly runner: Runner | undefined;
  readonly planner: PlannerRecord | undefined;
}

/** Whether the runner meant for this job can still take it, or is being made. */
function isComing({ key, runner: expected }: Job, { runner, planner }: Around): boolean {
  if (expected === null) return false;
  if (runner !== undefined) return runner.job === null ? isFree(runner) : runner.job === key;
  return planner?.launches.some(({ slots }) => slots.some((slot) => slot.runner === expected)) ?? false;
}

/** It has begun nothing, named or not, and was not asked to leave. */
function isFree(runner: Runner): boolean {
  return runner.begunAt === undefined && !runner.draining && !isStopping(runner) && !isGone(runner.state);
}

/**
 * The timeline as people see it: a job that has not started yet also shows what is known of the runner meant for it, and
 * what holds it back at the moment.
 */
export function fullTimeline(job: Job, around: Around): readonly TimelineEntry[] {
  const { attempt } = job;
  const coming = job.startedAt === null && !isFinal(job.state) ? (around.runner?.stages ?? []) : [];
  const blocked = standingBlock(job, around);
  const waiting: readonly TimelineEntry[] =
    blocked !== undefined
      ? [
          {
            at: Math.max(blocked.since, job.queuedAt),
            stage: "waiting",
            attempt,
            reason: blocked.reason,
            ...(blocked.detail === null ? {} : { detail: blocked.detail }),
          },
        ]
      : [];
  return [...job.timeline, ...coming.map((entry) => ({ ...entry, attempt })), ...waiting].sort((a, b) => a.at - b.at);
}
