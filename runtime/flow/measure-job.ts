import { isFinal } from "../core/lifecycle";
import { jobIds } from "../core/log-ids";
import type { Job } from "../core/model";
import type { Ports } from "../core/ports";
import { stageTimes } from "../core/timeline";

/**
 * Adds an ended job to the histograms: how long it waited, and how long each of its stages took. The log has both once
 * more in one line of the job, where they can be told apart by whatever else is known of it.
 */
export function measureJob(job: Job, { meter, log }: Pick<Ports, "meter" | "log">): void {
  if (!isFinal(job.state)) return;
  const { state, reason, attempt, startedAt, queuedAt } = job;
  // A forge's clock may be behind ours.
  const waitedSeconds = startedAt === null ? null : Math.max(0, startedAt - queuedAt) / 1000;
  if (waitedSeconds !== null) meter.observe("onejob_queue_to_start_seconds", waitedSeconds);
  const stageSeconds: Record<string, number> = {};
  for (const { stage, ms } of stageTimes(job.timeline, attempt)) {
    meter.observe("onejob_stage_seconds", ms / 1000, { stage });
    stageSeconds[stage] = ms / 1000;
  }
  log.info("job ended", { ...jobIds(job), state, reason, attempt, waitedSeconds, stageSeconds });
}
