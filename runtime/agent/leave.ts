/** The one way out of an agent's life; a machine of our own is switched off here. */
import type { Log } from "../core/ports";

export const exitCodes = { done: 0, failed: 1, badBoot: 2, refused: 3 } as const;

export type Departure =
  "finished" | "undelivered" | "drained" | "interrupted" | "stale" | "silent" | "refused" | "failed";

export function leave(why: Departure, log: Log): number {
  log.info("the agent leaves", { why });
  if (why === "refused") return exitCodes.refused;
  return why === "failed" || why === "undelivered" ? exitCodes.failed : exitCodes.done;
}
