/** What a source's word on a job does to our record of it. Pure. */
import type { JobEvent } from "./events";
import type { JobMove } from "./job-moves";
import { isDemand, isHeld } from "./lifecycle";
import type { Job, Runner } from "./model";

type Served = Pick<Runner, "id" | "stages"> & Partial<Pick<Runner, "interruptedAt" | "reason">>;

/** The moves an event stands for, in order; those that are made already are dropped by the lifecycle. */
export function movesFor(event: JobEvent, runner: Served | undefined): readonly JobMove[] {
  const { at, delivery } = event;
  const began = { event: "started", runner: runner?.id ?? null, stages: runner?.stages ?? [] } as const;
  // The word that it had started may be lost; who names its runner says it again.
  const startedBefore: readonly JobMove[] = event.runnerName === null ? [] : [{ ...began, at: event.startedAt ?? at }];
  switch (event.kind) {
    case "queued":
      return [{ event: "queued", at, delivery }];
    case "waiting":
      return [{ event: "held", at, delivery }];
    case "started":
      return [{ ...began, at, delivery }];
    case "finished":
      return [...startedBefore, ended(event, runner)];
    case "cancelled":
      // A listener that is stopped with its machine may be told of as cancelled, too.
      if (isTaken(event, runner)) return [...startedBefore, ended({ ...event, succeeded: false }, runner)];
      return [...startedBefore, { event: "cancelled", at, delivery, reason: "cancelled-by-source", exitCode: null }];
  }
}

/** So long after the notice nothing is stopped for it: who ends before that failed by itself, or was cancelled there. */
const undisturbedMs = 45_000;

/** Whether it ended because its machine was taken away. Its agent may have said so, or the machine was gone without a word. */
function isTaken({ at }: JobEvent, runner: Served | undefined): boolean {
  if (runner?.interruptedAt === undefined) return false;
  return runner.reason === "interrupted" || at >= runner.interruptedAt + undisturbedMs;
}

function ended(event: JobEvent, runner: Served | undefined): JobMove {
  const { at, delivery, succeeded } = event;
  if (succeeded === true) return { event: "succeeded", at, delivery, exitCode: null };
  const reason = isTaken(event, runner) ? "interrupted" : "command-failed";
  return { event: "failed", at, delivery, exitCode: null, reason, detail: null };
}

/** Two words that undo each other, and nothing says which was said last: the source has to be asked. */
export function isInDoubt(job: Job, event: JobEvent): boolean {
  return event.kind === "queued" ? isHeld(job) : event.kind === "waiting" && isDemand({ ...job, barred: null });
}
