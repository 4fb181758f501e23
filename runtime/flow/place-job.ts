/**
 * Where a job is to run: the profile whose labels fit best, and whether it may run there at all. A forge's job that comes
 * from a fork never goes to a compute that is no wall; where another profile fits that is one, it goes there.
 */
import { apiReach } from "../core/api-source";
import type { JobFacts } from "../core/events";
import { placedAnew, type JobPlace } from "../core/job-moves";
import { isDemand, isFinal } from "../core/lifecycle";
import type { Bar, Job, JobKey } from "../core/model";
import type { JobSource, Ports } from "../core/ports";
import { fittingProfiles, routeJob } from "../core/routing";
import type { ProfileSettings } from "../core/settings";
import { barOf } from "../core/trust";
import { EachAlone } from "./each-alone";
import { allViews, findJob } from "./moves";
import { sourceFailure } from "./reach-state";

const nowhere: JobPlace = { profile: null, reach: null, barred: null };

/** Throws what the source throws when it has to be asked about the job's origin. */
export async function placeFor(facts: JobFacts, ports: Ports): Promise<JobPlace> {
  const source = ports.source(facts.source);
  if (source?.assigns !== true) return placeOfForge(facts, source, ports);
  const route = routeJob({ labels: facts.labels, profile: facts.profile, assigns: true }, ports.settings());
  if (route.kind !== "profile") return nowhere;
  return { profile: route.profile, reach: apiReach(route.profile), barred: null };
}

/** The same, and where the source cannot be asked now, a place in which the job waits until it can. */
export async function placeForNow(facts: JobFacts, ports: Ports): Promise<JobPlace> {
  try {
    return await placeFor(facts, ports);
  } catch (error) {
    const failure = sourceFailure(error);
    if (failure === undefined) throw error;
    await ports.queue.send([{ kind: "place", job: facts.key, profile: bestProfile(facts, ports)?.name ?? null }]);
    return { ...placeIn(bestProfile(facts, ports), facts), barred: { ...failure, detail: failure.detail ?? "" } };
  }
}

/** The profile its labels lead to, whether it may run there or not. */
export function bestProfile({ labels }: Pick<JobFacts, "labels">, ports: Ports): ProfileSettings | undefined {
  return fittingProfiles(labels, ports.settings().profiles)[0];
}

async function placeOfForge(facts: JobFacts, source: JobSource | undefined, ports: Ports): Promise<JobPlace> {
  const settings = ports.settings();
  const fitting = fittingProfiles(facts.labels, settings.profiles);
  const given = settings.sources.find(({ name }) => name === facts.source);
  const trust = given?.kind === "github" ? given.trust : null;
  let firstBar: Bar | null = null;
  let fork = facts.origin?.fork ?? null;
  for (const profile of fitting) {
    const wall = ports.compute(profile.compute.kind)?.wall ?? "none";
    if (wall !== "machine" && fork === null) fork = (await source?.isFork(facts)) ?? null;
    const barred = barOf(wall, { trust, fork });
    if (barred === null) return placeIn(profile, facts);
    firstBar ??= barred;
  }
  return { ...placeIn(fitting[0], facts), barred: firstBar };
}

function placeIn(profile: ProfileSettings | undefined, facts: JobFacts): JobPlace {
  if (profile === undefined) return nowhere;
  const { source, host, scope, group, labels } = facts;
  return { profile, reach: { source, host, scope, group, labels }, barred: null };
}

/** Jobs without a place, or barred from theirs: settings or their source may say something else by now. */
export async function placeAllAnew(ports: Ports): Promise<void> {
  const barred = (await allViews(ports)).flatMap((view) => view.jobs).filter((job) => job.barred !== null);
  const alone = new EachAlone(ports.log);
  const jobs = [...(await ports.ledger.readUnrouted()), ...barred];
  await alone.run(
    jobs,
    (job) => placeAnew(job, ports),
    (job) => ({ job: job.key }),
  );
  alone.done("placing jobs anew");
}

/** Throws what the source throws; the message comes again. */
export async function placeAgain(
  { job: key, profile }: { readonly job: JobKey; readonly profile: string | null },
  ports: Ports,
): Promise<void> {
  const job = await findJob(key, profile, ports);
  if (job !== undefined) await placeAnew(job, ports);
}

/** A job lies with its profile: one that moves to another is written there first, and then removed where it was. */
async function placeAnew(job: Job, ports: Ports): Promise<void> {
  if (isFinal(job.state) || (job.profile !== null && job.barred === null)) return;
  const facts: JobFacts = { ...job, profile: null, group: groupOf(job, ports) };
  const place = await placeFor(facts, ports);
  if (samePlace(job, place)) return;
  const placed = placedAnew(job, place);
  if (placed.profile === job.profile) await ports.ledger.saveJob(placed);
  else {
    const created = await ports.ledger.createJob({ ...placed, version: 1 });
    if (created.written || created.current !== undefined) await ports.ledger.dropJob(job);
  }
  ports.log.info("job found another place", { job: job.key, profile: placed.profile, reason: placed.reason });
  if (place.profile !== null && isDemand(placed))
    await ports.queue.send([{ kind: "plan", profile: place.profile.name }]);
}

function samePlace(job: Job, place: JobPlace): boolean {
  const { profile, barred } = place;
  return job.profile === (profile?.name ?? null) && JSON.stringify(job.barred) === JSON.stringify(barred);
}

/** Jobs without a place have no reach that would say it. */
function groupOf(job: Job, ports: Ports): string {
  if (job.reach !== null) return job.reach.group;
  const given = ports.settings().sources.find(({ name }) => name === job.source);
  return given?.kind === "github" && !job.scope.includes("/") ? given.runnerGroup : "";
}
