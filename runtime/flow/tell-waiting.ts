/** Says in the log which jobs wait from now on, and for what: once for each reason, not with every plan. */
import type { PlannerRecord, ProfileView } from "../core/model";
import { waitsIn } from "../core/planning";
import type { Log } from "../core/ports";

/** A matrix of hundreds waits for the same; the others are counted. */
const mostNamed = 20;

export function tellWaiting(
  { planner, jobs }: ProfileView,
  blocked: PlannerRecord["blocked"],
  log: Pick<Log, "info">,
): void {
  for (const [key, { reason, detail }] of Object.entries(blocked)) {
    if (planner.blocked[key]?.reason === reason) continue;
    const waiting = jobs.filter((job) => waitsIn(job, key));
    if (waiting.length === 0) continue;
    const named = waiting.slice(0, mostNamed).map((job) => job.key);
    log.info("jobs wait", { profile: planner.profile, reason, detail, waiting: waiting.length, jobs: named });
  }
}
