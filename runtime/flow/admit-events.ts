/**
 * Admit: what a source told us becomes a job, or moves one. Events may come twice, late and in any order; the first one
 * of a job creates it, whatever it says, so that a `queued` overtaken by `finished` starts nothing.
 */
import { apiReach } from "../core/api-source";
import type { JobEvent, JobFacts } from "../core/events";
import { newJob, moveJob, type JobMove } from "../core/job-moves";
import type { Job, Reach } from "../core/model";
import type { Ports } from "../core/ports";
import { routeJob } from "../core/routing";
import type { ProfileSettings } from "../core/settings";
import { applyToJob, findJob } from "./moves";

interface Place {
  readonly profile: ProfileSettings | null;
  readonly reach: Reach | null;
}

/** A new job of ours. Called again with the same key it answers the job that stands. */
export async function admitJob(
  facts: JobFacts,
  seen: { readonly receivedAt: number; readonly delivery: string },
  ports: Ports,
): Promise<Job> {
  const place = placeOf(facts, ports);
  const job = newJob(facts, place, { ...seen, now: ports.clock.now() });
  const created = await ports.ledger.createJob(job);
  const stands = created.written ? created.record : (created.current ?? job);
  if (created.written) ports.log.info("job admitted", { job: job.key, profile: job.profile, labels: job.labels });
  if (place.profile !== null) await ports.queue.send([{ kind: "plan", profile: place.profile.name }]);
  return stands;
}

export async function admitEvent(event: JobEvent, ports: Ports): Promise<void> {
  const place = placeOf(event.facts, ports);
  const standing = await findJob(event.facts.key, place.profile?.name ?? null, ports);
  if (standing !== undefined) {
    await applyToJob(standing, () => moveFor(event), ports);
    return;
  }
  const seen = { receivedAt: event.receivedAt, delivery: event.delivery };
  if (event.kind === "queued") {
    await admitJob(event.facts, seen, ports);
    return;
  }
  await admitLate(event, place, ports);
}

/** The first thing we hear of a job is not its beginning: it is written as it stands now, and wants no runner. */
async function admitLate(event: JobEvent, place: Place, ports: Ports): Promise<void> {
  const now = ports.clock.now();
  const fresh = newJob(event.facts, place, { receivedAt: event.receivedAt, now, delivery: "" });
  const moved = moveJob({ ...fresh, deliveries: [] }, moveFor(event), place.profile);
  if (moved === undefined) return;
  const created = await ports.ledger.createJob({ ...moved.job, version: 1 });
  if (!created.written && created.current) await applyToJob(created.current, () => moveFor(event), ports);
}

function moveFor(event: JobEvent): JobMove {
  const { at, delivery } = event;
  switch (event.kind) {
    case "queued":
      return { event: "queued", at, delivery };
    case "waiting":
      return { event: "held", at, delivery };
    case "started":
      return { event: "started", at, delivery, runner: null, stages: [] };
    case "finished":
      return event.succeeded
        ? { event: "succeeded", at, delivery, exitCode: null }
        : { event: "failed", at, delivery, exitCode: null, reason: "command-failed", detail: null };
    case "cancelled":
      return { event: "cancelled", at, delivery, reason: "cancelled-by-source", exitCode: null };
  }
}

function placeOf(facts: JobFacts, ports: Ports): Place {
  const assigns = ports.source(facts.source)?.assigns === true;
  const route = routeJob({ labels: facts.labels, profile: facts.profile, assigns }, ports.settings());
  if (route.kind !== "profile") return { profile: null, reach: null };
  const { profile } = route;
  if (assigns) return { profile, reach: apiReach(profile) };
  const { source, host, scope, group, labels } = facts;
  return { profile, reach: { source, host, scope, group, labels } };
}
