import { isFinal } from "../core/lifecycle";
import type { Job } from "../core/model";
import type { Meter } from "../core/ports";
import { stageTimes } from "../core/timeline";

/** Adds an ended job to the histograms: how long it waited, and how long each of its stages took. */
export function measureJob(job: Job, meter: Meter): void {
  if (!isFinal(job.state)) return;
  // A forge's clock may be behind ours.
  const waitedMs = Math.max(0, (job.startedAt ?? 0) - job.queuedAt);
  if (job.startedAt !== null) meter.observe("onejob_queue_to_start_seconds", waitedMs / 1000);
  for (const { stage, ms } of stageTimes(job.timeline, job.attempt))
    meter.observe("onejob_stage_seconds", ms / 1000, { stage });
}
