/** Asks a forge how a job stands there, where its own word is lost, late, or not to be expected. */
import { isFinal, isUnderWay } from "../core/lifecycle";
import type { RunOver } from "../core/events";
import type { Job, JobKey } from "../core/model";
import type { Ports } from "../core/ports";
import { admitEvent } from "./admit-events";
import { allViews, applyToJob, findJob } from "./moves";

/**
 * Answers whether its source knows it. One that it does not know may be hidden from us for a while (a right that is
 * missing, another server): where it waits, only the source's own search tells that it is gone, and where a machine of
 * ours is about to run it, that machine says how it ends. Throws what the source throws. Called again it does no harm:
 * what is known already changes nothing.
 */
export async function lookAtJob(
  { job: key, profile }: { readonly job: JobKey; readonly profile: string | null },
  ports: Ports,
): Promise<boolean> {
  const job = await findJob(key, profile, ports);
  if (job === undefined || isFinal(job.state)) return false;
  const source = ports.source(job.source);
  const event = await source?.jobState(job);
  if (event !== undefined) {
    await admitEvent(freshly(event, job), ports);
    return true;
  }
  if (source === undefined) return false;
  // Deleted there, with its run or its repository.
  const gone = { event: "vanished", at: ports.clock.now(), reason: "cancelled-by-source" } as const;
  await applyToJob(job, (current) => (isUnderWay(current) ? gone : undefined), ports);
  return false;
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
