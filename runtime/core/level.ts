/**
 * What in a profile is out of step with itself, seen from its records alone. Words get lost between two writes; this is
 * how every such gap is found again, at the next plan at the latest.
 */
import { isForges } from "./api-source";
import { isReserved } from "./holding";
import { isDemand, isListening, isStopping, isSupply, isUnderWay } from "./lifecycle";
import { byWaiting, reachKey, type Instant, type Job, type ProfileView, type Runner } from "./model";
import { liveRunners } from "./planning";
import { listeningSince } from "./runner-moves";

export interface Repairs {
  /** Runners that are of no more use. */
  readonly retire: readonly Runner[];
  /** Jobs whose runner is gone under them. */
  readonly lost: readonly Job[];
  /** Jobs that a forge's runner has, and its record does not say so. */
  readonly unnamed: readonly { readonly job: Job; readonly runner: Runner }[];
  /** Jobs that wait for a runner that will not come. */
  readonly unclaimed: readonly Job[];
  /** Jobs whose machine took another one, with a free machine that nobody is meant for. */
  readonly reclaimed: readonly { readonly job: Job; readonly runner: Runner }[];
}

export interface Pressure {
  /** No runner may begin anything new. */
  readonly draining: boolean;
  /** Somebody waits for room. */
  readonly tight: boolean;
  /** A sweep looks. At the end of a job its runner is retired, or leaves by itself: this is for when it was not. */
  readonly isRound: boolean;
  readonly now: Instant;
}

/** So long a runner without a job to wait for may stay: the next job of its reach may be near. */
const spareMs = 60_000;

export function findRepairs(view: ProfileView, pressure: Pressure): Repairs {
  const unnamed = unnamedOf(view);
  // Whoever seems free with a job is not to be judged before that is put right.
  if (unnamed.length > 0) return { unnamed, retire: [], lost: [], unclaimed: [], reclaimed: [] };
  const live = liveRunners(view);
  const open = new Map(view.jobs.map((job) => [job.key, job]));
  const over = view.runners.filter(
    (runner) => pressure.isRound && runner.job !== null && !isStopping(runner) && isOver(runner, open),
  );
  const retire = [...over, ...idleToSpare(view, pressure)];
  return {
    retire,
    lost: view.jobs.filter((job) => job.bound && job.runner !== null && !live.has(job.runner)),
    unnamed,
    unclaimed: view.jobs.filter((job) => !job.bound && job.runner !== null && !live.has(job.runner)),
    reclaimed: pairAnew(view, new Set(retire)),
  };
}

/** Written in two steps, job first: what broke off between them. Else the runner stands for another job, for nothing. */
function unnamedOf({ jobs, runners }: ProfileView): Repairs["unnamed"] {
  const nameless = new Map(runners.filter(isNameless).map((runner) => [runner.id, runner]));
  return jobs.flatMap((job) => {
    const runner = job.bound && isUnderWay(job) ? nameless.get(job.runner ?? "") : undefined;
    return runner === undefined ? [] : [{ job, runner }];
  });
}

function isNameless({ reach, job, state }: Runner): boolean {
  return isForges(reach) && job === null && !isStopping({ state });
}

/** Who waits for which machine is only a guess, but people read it: it should be one that can come. */
function pairAnew({ jobs, runners }: ProfileView, leaving: ReadonlySet<Runner>): Repairs["reclaimed"] {
  const taken = new Map(runners.map((runner) => [runner.id, runner.job]));
  const waiting = jobs.filter((job) => isDemand(job) && job.reach !== null);
  const expected = new Set(waiting.map((job) => job.runner));
  const free = runners.filter((runner) => isSupply(runner) && !expected.has(runner.id) && !leaving.has(runner));
  if (free.length === 0) return [];
  const alone = waiting.filter((job) => isAlone(job, taken)).sort(byWaiting);
  // The machine made for it comes first: that is what its launch is about to write, too.
  const pairs = [pairsOf(alone, free, (job, { meantFor }) => meantFor === job.key), pairsOf(alone, free, () => true)];
  return pairs.flat();
}

/** No machine is meant for it, or that one has another job. */
function isAlone({ key, runner }: Job, taken: ReadonlyMap<string, string | null>): boolean {
  return runner === null || (taken.get(runner) ?? key) !== key;
}

/** Takes what it pairs out of both lists. */
function pairsOf(jobs: Job[], free: Runner[], fits: (job: Job, runner: Runner) => boolean): Repairs["reclaimed"] {
  return [...jobs].flatMap((job) => {
    const key = job.reach === null ? "" : reachKey(job.reach);
    const at = free.findIndex((runner) => reachKey(runner.reach) === key && fits(job, runner));
    if (at < 0) return [];
    jobs.splice(jobs.indexOf(job), 1);
    return free.splice(at, 1).map((runner) => ({ job, runner }));
  });
}

function isOver(runner: Runner, open: ReadonlyMap<string, Job>): boolean {
  const job = runner.job === null ? undefined : open.get(runner.job);
  return job === undefined || !isReserved(runner, job);
}

/** While draining all that have no job; else those beyond what their reach has jobs for: supply follows demand. */
function idleToSpare(view: ProfileView, { draining, tight, now }: Pressure): readonly Runner[] {
  const free = view.runners.filter(isSupply).sort(byAge);
  if (draining) return free;
  const demand = new Map<string, number>();
  for (const job of view.jobs) {
    if (!isDemand(job) || job.reach === null) continue;
    const key = reachKey(job.reach);
    demand.set(key, (demand.get(key) ?? 0) + 1);
  }
  // Those that listen serve the demand first, then those that have booted for longest.
  const spare = [...free.filter(isListening), ...free.filter((runner) => !isListening(runner))].filter((runner) => {
    const key = reachKey(runner.reach);
    const left = (demand.get(key) ?? 0) - 1;
    demand.set(key, left);
    return left < 0;
  });
  // Where room is tight those that listen go at once; those that boot may be wanted when they are up.
  return spare.filter((runner) => (tight && isListening(runner)) || now - readySince(runner) >= spareMs);
}

/** The oldest first; the id decides between equals, so that everybody sees one order. */
function byAge(a: Runner, b: Runner): number {
  return readySince(a) - readySince(b) || (a.id < b.id ? -1 : 1);
}

/** When it began to listen, or, before that, was made. */
function readySince(runner: Runner): Instant {
  return listeningSince(runner) ?? runner.createdAt;
}
