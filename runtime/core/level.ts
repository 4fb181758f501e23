/**
 * What in a profile is out of step with itself, seen from its records alone. Words get lost between two writes; this is
 * how every such gap is found again, at the next plan at the latest.
 */
import { isReserved } from "./holding";
import { isDemand, isListening, isStopping, isSupply } from "./lifecycle";
import { byWaiting, reachKey, type Job, type ProfileView, type Runner } from "./model";
import { liveRunners } from "./planning";

export interface Repairs {
  /** Runners that are of no more use. */
  readonly retire: readonly Runner[];
  /** Jobs whose runner is gone under them. */
  readonly lost: readonly Job[];
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
}

export function findRepairs(view: ProfileView, pressure: Pressure): Repairs {
  const live = liveRunners(view);
  const open = new Map(view.jobs.map((job) => [job.key, job]));
  const over = view.runners.filter((runner) => runner.job !== null && !isStopping(runner) && isOver(runner, open));
  return {
    retire: [...over, ...idleToSpare(view, pressure)],
    lost: view.jobs.filter((job) => job.bound && job.runner !== null && !live.has(job.runner)),
    unclaimed: view.jobs.filter((job) => !job.bound && job.runner !== null && !live.has(job.runner)),
    reclaimed: pairAnew(view),
  };
}

/** Who waits for which machine is only a guess, but people read it: it should be one that can come. */
function pairAnew({ jobs, runners }: ProfileView): Repairs["reclaimed"] {
  const taken = new Map(runners.map((runner) => [runner.id, runner.job]));
  const waiting = jobs.filter((job) => isDemand(job) && job.reach !== null && job.runner !== null);
  const expected = new Set(waiting.map((job) => job.runner));
  const free = runners.filter((runner) => isSupply(runner) && !expected.has(runner.id));
  const robbed = waiting.filter((job) => (taken.get(job.runner ?? "") ?? job.key) !== job.key).sort(byWaiting);
  return robbed.flatMap((job) => {
    const at = free.findIndex((runner) => job.reach !== null && reachKey(runner.reach) === reachKey(job.reach));
    return free.splice(at, at < 0 ? 0 : 1).map((runner) => ({ job, runner }));
  });
}

function isOver(runner: Runner, open: ReadonlyMap<string, Job>): boolean {
  const job = runner.job === null ? undefined : open.get(runner.job);
  return job === undefined || !isReserved(runner, job);
}

/** While draining all that have no job; while room is tight those that their reach has no job for. */
function idleToSpare(view: ProfileView, { draining, tight }: Pressure): readonly Runner[] {
  const free = view.runners.filter(isSupply);
  if (draining) return free;
  if (!tight) return [];
  const demand = new Map<string, number>();
  for (const job of view.jobs) {
    if (!isDemand(job) || job.reach === null) continue;
    const key = reachKey(job.reach);
    demand.set(key, (demand.get(key) ?? 0) + 1);
  }
  // Those that listen serve the demand first; those that boot are not stopped, they may be wanted when they are up.
  return free.filter(isListening).filter((runner) => {
    const key = reachKey(runner.reach);
    const left = (demand.get(key) ?? 0) - 1;
    demand.set(key, left);
    return left < 0;
  });
}
