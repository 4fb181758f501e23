/**
 * A job lies with its profile, and moves to another one by two writes. Who died in between left it in both places, where it
 * would be given a machine each: one of the two goes.
 */
import { isServed } from "../core/holding";
import { jobIds } from "../core/log-ids";
import type { Job, JobKey, ProfileView } from "../core/model";
import type { Ports } from "../core/ports";
import type { EachAlone } from "./each-alone";
import { placeNow } from "./place-job";

/** Part of every sweep. */
export async function sweepTwins(seen: readonly ProfileView[], ports: Ports, alone: EachAlone): Promise<void> {
  const places = new Map<JobKey, readonly Job[]>();
  for (const job of seen.flatMap(({ jobs }) => jobs)) places.set(job.key, [...(places.get(job.key) ?? []), job]);
  await alone.run(
    [...places.values()].filter(({ length }) => length > 1),
    (twins) => keepOne(twins, ports),
    ([job]) => ({ job: job?.key ?? null }),
  );
}

/** Whoever is about to move it finds the one that stays changed, and leaves it. */
async function keepOne(twins: readonly Job[], ports: Ports): Promise<void> {
  const home = await homeOf(twins, ports);
  const [kept, ...others] = [...twins].sort((a, b) => claimOf(b, home) - claimOf(a, home));
  const free = others.filter((job) => !isServed(job));
  if (kept === undefined || free.length === 0) return;
  if (!(await ports.ledger.saveJob({ ...kept, version: kept.version + 1 })).written) return;
  for (const job of free) {
    if (!(await ports.ledger.dropJob(job))) continue;
    ports.log.warn("job stood in two places", { ...jobIds(job), kept: kept.profile });
    ports.meter.count("onejob_sweep_repairs_total", { kind: "twin" });
  }
}

/** The profile it belongs to now. Where its source has to be asked and gives no answer, it is placed again later. */
async function homeOf([job]: readonly Job[], ports: Ports): Promise<string | null> {
  if (job === undefined) return null;
  const { place, again } = await placeNow(job, ports);
  if (again.length === 0) return place.profile?.name ?? null;
  await ports.queue.send(again);
  return null;
}

/** One that a runner has stays; else one where it belongs now; else one that a machine is meant for. */
function claimOf(job: Job, home: string | null): number {
  if (isServed(job)) return 3;
  if (job.profile === home) return 2;
  return job.runner === null ? 0 : 1;
}
