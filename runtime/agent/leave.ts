/** The one way out of an agent's life; a machine of our own is switched off here. */
import type { Log } from "../core/ports";
import type { Session } from "./session";

export const exitCodes = { done: 0, failed: 1, badBoot: 2, refused: 3 } as const;

export type Departure =
  "finished" | "undelivered" | "drained" | "interrupted" | "stale" | "silent" | "refused" | "failed";

export function leave(why: Departure, log: Log): number {
  log.info("the agent leaves", { why });
  if (why === "refused") return exitCodes.refused;
  return why === "failed" || why === "undelivered" ? exitCodes.failed : exitCodes.done;
}

/** Why nobody is told of a job, or no job was ever had. */
export function departure({ stopReason, abandonSignal }: Session): Departure {
  if (stopReason === "interrupted" || stopReason === "silent") return stopReason;
  return abandonSignal.aborted ? "stale" : "failed";
}
