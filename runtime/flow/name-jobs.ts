/**
 * Which job does a runner have? Its forge says so by a webhook, as a rule within a second. Until then it stands for a job
 * that seems to wait, and that one for nothing; so where the word does not come, the forge is asked.
 */
import { isForges } from "../core/api-source";
import { isAtWork } from "../core/lifecycle";
import { runnerIds } from "../core/log-ids";
import { byWaiting, reachKey, type Blocked, type ProfileView, type Runner } from "../core/model";
import { waitsIn } from "../core/planning";
import type { Ports } from "../core/ports";
import { foundNameless } from "../core/runner-moves";
import { hearNews } from "./ask-source";
import type { EachAlone } from "./each-alone";
import { lookAtJob } from "./look-at-job";
import { profileOf, settle } from "./moves";
import { noteSilence, silenceIn, unblockReach } from "./reach-state";
import { loseRunner } from "./retire-runner";
import { TimeShare } from "./time-share";

/** How long after it began, and then from time to time until it is certain. */
const askAfterMs = [30_000, 2 * 60_000];
const askEveryMs = 5 * 60_000;
/** Answers of a forge may be old by so much; what it then knows nothing of is none of the jobs that wait here. */
const certainAfterMs = 2 * 60_000;
/** Its forge ends the job by itself in that time; only what does not end at all is left to us. */
const unnamedGraceMs = 10 * 60_000;
/** So many are asked for one by one, in a source and sweep. */
const mostLooks = 10;

/** One call where it took the job it was made for; where it took another, all of the source's are looked through. */
export async function nameItsJob({ id, profile, meantFor, reach }: Runner, ports: Ports): Promise<boolean> {
  const isNamed = async () => (await ports.ledger.readRunner(profile, id))?.job !== null;
  if (meantFor !== null) await lookAtJob({ job: meantFor, profile }, ports);
  if (await isNamed()) return true;
  await hearNews(reach.source, ports);
  return isNamed();
}

interface Unnamed {
  readonly runner: Runner;
  /** Of its source, when that was asked last; `undefined`: it answered. */
  readonly silence: Blocked | undefined;
}

/** Part of every sweep. What fails for one of a source's runners fails for all: the round ends there. */
export async function sweepUnnamed(seen: readonly ProfileView[], ports: Ports, alone: EachAlone): Promise<void> {
  const unnamed = findUnnamed(seen);
  const tooLong = unnamed.filter(({ runner }) => hasRunTooLong(runner, ports));
  await alone.runSideBySide(
    new TimeShare(ports.clock).for(tooLong),
    ({ runner }) => endUnnamed(runner, ports),
    ({ runner }) => runnerIds(runner),
  );
  await askForThose(
    unnamed.filter((one) => isToBeAsked(one, ports)),
    ports,
    alone,
  );
}

function findUnnamed(seen: readonly ProfileView[]): readonly Unnamed[] {
  return seen.flatMap(({ runners, planner }) =>
    runners
      .filter((runner) => isForges(runner.reach) && isUnnamed(runner))
      .map((runner) => ({ runner, silence: silenceIn(planner, reachKey(runner.reach)) })),
  );
}

function isUnnamed(runner: Runner): boolean {
  return isAtWork(runner) && runner.job === null;
}

/** No job's deadline ends it. */
function hasRunTooLong({ profile, begunAt, createdAt }: Runner, ports: Ports): boolean {
  const limitMs = profileOf(ports, profile)?.timeouts.jobMs;
  return limitMs !== undefined && ports.clock.now() - (begunAt ?? createdAt) > limitMs + unnamedGraceMs;
}

async function endUnnamed(runner: Runner, ports: Ports): Promise<void> {
  const reason = "job-timeout";
  const lost = await loseRunner(runner, { reason, still: isUnnamed }, ports);
  if (lost) ports.meter.count("onejob_sweep_repairs_total", { kind: reason });
}

function isToBeAsked({ runner, silence }: Unnamed, ports: Ports): boolean {
  const now = ports.clock.now();
  if (runner.namelessAt !== undefined) return false;
  if (silence !== undefined) return (silence.until ?? now) <= now;
  const { intervalMs } = ports.settings().sweep;
  const begunMs = now - (runner.begunAt ?? now);
  const last = [...askAfterMs, begunMs - (begunMs % askEveryMs)].filter((ms) => ms > 0 && ms <= begunMs);
  return last.some((ms) => begunMs < ms + intervalMs);
}

async function askForThose(unnamed: readonly Unnamed[], ports: Ports, alone: EachAlone): Promise<void> {
  const sources = [...new Set(unnamed.map(({ runner }) => runner.reach.source))];
  const time = new TimeShare(ports.clock);
  const of = (source: string) => unnamed.filter(({ runner }) => runner.reach.source === source);
  await alone.runSideBySide(
    time.for(sources),
    (source) => askForNames({ source, unnamed: of(source), time }, ports),
    (source) => ({ source }),
  );
}

/** While it does not answer, jobs that those runners stand for wait for that: it is their reason, and asked again. */
async function askForNames(
  {
    source,
    unnamed,
    time,
  }: { readonly source: string; readonly unnamed: readonly Unnamed[]; readonly time: TimeShare },
  ports: Ports,
): Promise<void> {
  const runners = unnamed.map(({ runner }) => runner);
  const left = await nameTheirJobs({ source, runners }, ports).catch(async (error: unknown) => {
    for (const [runner] of byPlace(runners)) await noteSilence(runner, error, ports);
    throw error;
  });
  const wereSilent = unnamed.filter(({ silence }) => silence !== undefined).map(({ runner }) => runner);
  for (const [runner] of byPlace(wereSilent)) await unblockReach(runner, ports);
  for (const runnersThere of time.for(byPlace(left.filter((runner) => isOldEnough(runner, ports)))))
    if (await isNoneOfThose(runnersThere[0], ports))
      for (const runner of runnersThere) await noteNameless(runner, ports);
}

type InOnePlace = readonly [Runner, ...(readonly Runner[])];

/** Those of each profile and reach. */
function byPlace(runners: readonly Runner[]): readonly InOnePlace[] {
  const places = new Map<string, InOnePlace>();
  for (const runner of runners) {
    const place = `${runner.profile} ${reachKey(runner.reach)}`;
    places.set(place, [...(places.get(place) ?? []), runner] as const);
  }
  return [...places.values()];
}

/** A call each for a few, and one look at everything for the others. Answers those that have no name still. */
async function nameTheirJobs(
  { source, runners }: { readonly source: string; readonly runners: readonly Runner[] },
  ports: Ports,
): Promise<readonly Runner[]> {
  for (const { meantFor, profile } of runners.slice(0, mostLooks))
    if (meantFor !== null) await lookAtJob({ job: meantFor, profile }, ports);
  const unnamed = await stillUnnamed(runners, ports);
  if (unnamed.length > 0) await hearNews(source, ports);
  const left = unnamed.length > 0 ? await stillUnnamed(runners, ports) : [];
  const named = runners.length - left.length;
  if (named > 0) ports.meter.count("onejob_sweep_repairs_total", { kind: "unnamed" }, named);
  return left;
}

async function stillUnnamed(runners: readonly Runner[], ports: Ports): Promise<readonly Runner[]> {
  const now = await Promise.all(runners.map(({ profile, id }) => ports.ledger.readRunner(profile, id)));
  return now.flatMap((runner) => (runner !== undefined && isUnnamed(runner) ? [runner] : []));
}

function isOldEnough({ begunAt }: Runner, ports: Ports): boolean {
  const now = ports.clock.now();
  return now - (begunAt ?? now) >= certainAfterMs;
}

/**
 * A look at everything leaves out what it could not see, so whatever waits there is asked for by itself before it is said
 * that runners of this place have none of it. Where that fails, or where too many wait, nothing is certain.
 */
async function isNoneOfThose(runner: Runner, ports: Ports): Promise<boolean> {
  const key = reachKey(runner.reach);
  const { jobs } = await ports.ledger.readProfile(runner.profile);
  const waiting = jobs.filter((job) => waitsIn(job, key));
  try {
    for (const job of [...waiting].sort(byWaiting).slice(0, mostLooks))
      await lookAtJob({ job: job.key, profile: job.profile }, ports);
  } catch (error) {
    await noteSilence(runner, error, ports);
    ports.log.warn("the source cannot say which job a runner has, it is asked again", { ...runnerIds(runner), error });
    return false;
  }
  return waiting.length <= mostLooks;
}

/** One that waited here for too long, perhaps, and is over: another job waits for nothing if it is taken for that. */
async function noteNameless(runner: Runner, ports: Ports): Promise<void> {
  const at = ports.clock.now();
  const { changed } = await settle(
    runner,
    (current) => (isUnnamed(current) ? foundNameless(current, at) : undefined),
    (next) => ports.ledger.saveRunner(next),
  );
  if (!changed) return;
  ports.log.info("runner has none of the jobs that wait", runnerIds(runner));
  await ports.queue.send([{ kind: "plan", profile: runner.profile }]);
}
