/** Cancel at any stage: what does not run yet ends at once, what runs is told to stop and has a deadline to obey. */
import { isForges } from "../core/api-source";
import { OnejobError } from "../core/errors";
import { cancelNote, noteMs } from "../core/interruption";
import { isFinal, isUnderWay } from "../core/lifecycle";
import { jobIds } from "../core/log-ids";
import type { Job } from "../core/model";
import type { Ports } from "../core/ports";
import { applyToJob } from "./moves";

/** Ended already: nothing happens, and the job is answered as it stands. */
export async function cancelJob(job: Job, ports: Ports): Promise<Job> {
  if (isFinal(job.state)) return job;
  const source = ports.source(job.source);
  if (source === undefined)
    throw new OnejobError("bad-request", `the source "${job.source}" of ${job.key} is not configured any more`);
  if (isForges(job)) await ports.ledger.remember(cancelNote(job.key), "cancelled", ports.clock.now() + noteMs);
  const answer = await source.cancel(job);
  ports.log.info("job is to be cancelled", { ...jobIds(job), asked: answer === "asked" ? "its source" : "its runner" });
  if (answer === "asked") return job;
  const at = ports.clock.now();
  const cancelled = await applyToJob(
    job,
    (current) =>
      isUnderWay(current)
        ? { event: "cancelRequested", at }
        : { event: "cancelled", at, reason: "cancelled-by-user", exitCode: null },
    ports,
  );
  return cancelled.job;
}
