/**
 * Where a job is to run: the profile whose labels fit best, and whether it may run there at all. A forge's job that comes
 * from a fork never goes to a compute that is no wall; where another profile fits that is one, it goes there.
 */
import { apiReach, isForges } from "../core/api-source";
import { OnejobError } from "../core/errors";
import type { JobFacts } from "../core/events";
import { placedAnew, type JobPlace } from "../core/job-moves";
import { isServed } from "../core/holding";
import { isDemand, isFinal } from "../core/lifecycle";
import { jobIds } from "../core/log-ids";
import type { Bar, Job, JobKey, Runner } from "../core/model";
import type { Message, Ports } from "../core/ports";
import { fittingProfiles, routeJob } from "../core/routing";
import type { ProfileSettings } from "../core/settings";
import { barOf } from "../core/trust";
import { EachAlone } from "./each-alone";
import { allViews, findJob, profileOf } from "./moves";
import { sourceFailure } from "./reach-state";

const nowhere: JobPlace = { profile: null, reach: null, barred: null };

/** Throws what the source throws when it has to be asked about the job's origin. */
export async function placeFor(facts: JobFacts, ports: Ports): Promise<JobPlace> {
  if (isForges(facts)) return placeAmong(fittingProfiles(facts.labels, ports.settings().profiles), facts, ports);
  const route = routeJob({ labels: facts.labels, profile: facts.profile, assigns: true }, ports.settings());
  if (route.kind !== "profile") return nowhere;
  return { profile: route.profile, reach: apiReach(route.profile), barred: null };
}

export interface PlaceForNow {
  readonly place: JobPlace;
  /** The source could not be asked: the job waits, barred, until `place` was handled. To be sent once it is written. */
  readonly again: readonly Message[];
}

/** The same, and where the source cannot be asked now, a place in which the job waits until it can. */
export async function placeForNow(facts: JobFacts, ports: Ports): Promise<PlaceForNow> {
  try {
    return { place: await placeFor(facts, ports), again: [] };
  } catch (error) {
    const failure = sourceFailure(error);
    if (failure === undefined) throw error;
    const barred = { reason: failure.reason, detail: failure.detail ?? "" };
    const profile = bestProfile(facts, ports);
    const again: Message = { kind: "place", job: facts.key, profile: profile?.name ?? null };
    return { place: { ...placeIn(profile, facts), barred }, again: [again] };
  }
}

/**
 * Where its labels lead, without asking whether it may run there: for jobs that run already, or are over. Where they lead
 * nowhere, the place of the runner that has it.
 */
export function placeUnasked(facts: JobFacts, ports: Ports, there?: JobPlace): JobPlace {
  const profile = bestProfile(facts, ports);
  return profile === undefined && there !== undefined ? there : placeIn(profile, facts);
}

/** Where this runner is; `undefined`: its profile is not configured any more. */
export function placeOf({ profile: name, reach }: Runner, ports: Ports): JobPlace | undefined {
  const profile = profileOf(ports, name);
  return profile === null ? undefined : { profile, reach, barred: null };
}

/** The profile its labels lead to, whether it may run there or not. */
export function bestProfile({ labels }: Pick<JobFacts, "labels">, ports: Ports): ProfileSettings | undefined {
  return fittingProfiles(labels, ports.settings().profiles)[0];
}

/** Where one that stands here already would be placed now. */
export async function placeNow(job: Job, ports: Ports): Promise<PlaceForNow> {
  return placeForNow(anew(job, ports), ports);
}

/** The first of them in which it may run; where it may in none, the first with the reason. */
async function placeAmong(fitting: readonly ProfileSettings[], facts: JobFacts, ports: Ports): Promise<JobPlace> {
  const source = ports.source(facts.source);
  const given = ports.settings().sources.find(({ name }) => name === facts.source);
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

/** Settings, or what a source says, may have changed: every job that has no runner yet is placed again. */
export async function placeAllAnew(ports: Ports): Promise<void> {
  const waiting = (await allViews(ports)).flatMap((view) => view.jobs).filter(mayMove);
  const alone = new EachAlone(ports.log);
  await alone.run(
    [...(await ports.ledger.readUnrouted()), ...waiting],
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

/** A job without a place that a runner of ours has all the same: it keeps the times of that runner's profile from now on. */
export async function joinRunner(job: Job, runner: Runner, ports: Ports): Promise<Job> {
  const place = placeOf(runner, ports);
  if (job.profile !== null || place === undefined || !mayMove(job)) return job;
  const placed = placedAnew(job, place);
  await moveTo(job, placed, ports);
  return { ...placed, version: 1 };
}

/** Only a forge's jobs: ours were given their profile by whoever handed them in. */
function mayMove(job: Job): boolean {
  return isForges(job) && !isFinal(job.state) && !isServed(job);
}

async function placeAnew(job: Job, ports: Ports): Promise<void> {
  // Without its source nobody knows more of it than before.
  if (!mayMove(job) || ports.source(job.source) === undefined) return;
  const facts = anew(job, ports);
  const place = await placeFor(facts, ports);
  if (samePlace(job, place) || (await staysWell(job, facts, ports))) return;
  const placed = placedAnew(job, place);
  if (placed.profile === job.profile) await saveOrThrow(placed, ports);
  else await moveTo(job, placed, ports);
  ports.log.info("job found another place", { ...jobIds(placed), reason: placed.reason });
  if (place.profile !== null && isDemand(placed))
    await ports.queue.send([{ kind: "plan", profile: place.profile.name }]);
}

function anew(job: Job, ports: Ports): JobFacts {
  return { ...job, profile: null, group: groupOf(job, ports) };
}

/** Its machine may be under way: as long as it may run where it is, it does not move for a better place. */
async function staysWell(job: Job, facts: JobFacts, ports: Ports): Promise<boolean> {
  const here = fittingProfiles(job.labels, ports.settings().profiles).filter(({ name }) => name === job.profile);
  return job.barred === null && here.length > 0 && (await placeAmong(here, facts, ports)).barred === null;
}

/** A job lies with its profile: it is written in the new place first. What happened to it meanwhile undoes the move. */
async function moveTo(job: Job, placed: Job, ports: Ports): Promise<void> {
  const made: Job = { ...placed, version: 1 };
  const created = await ports.ledger.createJob(made);
  if (!created.written && created.current === undefined) return conflict(job);
  if (await ports.ledger.dropJob(job)) return;
  if (created.written) await ports.ledger.dropJob(made);
  conflict(job);
}

async function saveOrThrow(job: Job, ports: Ports): Promise<void> {
  if (!(await ports.ledger.saveJob(job)).written) conflict(job);
}

function conflict(job: Job): never {
  throw new OnejobError("conflict", `placing ${job.key}`);
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
