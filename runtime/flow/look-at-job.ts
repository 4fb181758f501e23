/** Asks a forge how a job stands there, where its own word is lost, late, or not to be expected. */
import type { JobMove } from "../core/job-moves";
import { isFinal, isUnderWay } from "../core/lifecycle";
import type { RunOver } from "../core/events";
import type { Instant, Job, JobKey } from "../core/model";
import type { Ports } from "../core/ports";
import { admitEvent } from "./admit-events";
import { allViews, applyToJob, findJob } from "./moves";

/** Throws what the source throws. Called again it does no harm: what is known already changes nothing. */
export async function lookAtJob(
  { job: key, profile }: { readonly job: JobKey; readonly profile: string | null },
  ports: Ports,
): Promise<void> {
  const job = await findJob(key, profile, ports);
  if (job === undefined || isFinal(job.state)) return;
  const source = ports.source(job.source);
  const event = await source?.jobState(job);
  if (event !== undefined) return admitEvent(freshly(event, job), ports);
  if (source === undefined) return;
  // Deleted there, with its run or its repository.
  const at = ports.clock.now();
  await applyToJob(job, (current) => (isHeldByUs(current) ? undefined : forgotten(current, at)), ports);
}

/** Our own machine says how it ends. */
function isHeldByUs(job: Job): boolean {
  return job.bound && !isUnderWay(job);
}

function forgotten(job: Job, at: Instant): JobMove {
  const reason = "cancelled-by-source";
  return isUnderWay(job) ? { event: "vanished", at, reason } : { event: "cancelled", at, reason, exitCode: null };
}

/** What is found out against a changed record is news, though it reads the same. */
export function freshly<T extends { readonly delivery: string }>(event: T, job: Job | undefined): T {
  return job === undefined ? event : { ...event, delivery: `${event.delivery}@${job.version}` };
}

/**
 * Every job of it that is still open here is looked at: the word that it ended was lost, or is under way. Throws at the
 * first failure: what fails for one job of a source fails for all.
 */
export async function settleRun(run: RunOver, ports: Ports): Promise<void> {
  const open = (await openJobs(run.source, ports)).filter(
    ({ host, origin }) => host === run.host && origin?.run === run.run,
  );
  for (const job of open) await lookAtJob({ job: job.key, profile: job.profile }, ports);
}

/** All of a source's jobs that have not ended, wherever they are. */
export async function openJobs(source: string, ports: Ports): Promise<readonly Job[]> {
  const routed = (await allViews(ports)).flatMap((view) => view.jobs);
  return [...routed, ...(await ports.ledger.readUnrouted())].filter((job) => job.source === source);
}
