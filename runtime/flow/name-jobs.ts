/**
 * Which job does a runner have? Its forge says so by a webhook, as a rule within a second. Until then it stands for a job
 * that seems to wait, and that one for nothing; so where the word does not come, the forge is asked.
 */
import { isForges } from "../core/api-source";
import { isAtWork } from "../core/lifecycle";
import { reachKey, type ProfileView, type Runner } from "../core/model";
import type { Ports } from "../core/ports";
import { hearNews } from "./ask-source";
import type { EachAlone } from "./each-alone";
import { lookAtJob } from "./look-at-job";
import { noteSilence, silenceIn, unblockReach } from "./reach-state";

/** How long after it began; later the source's own round of asking finds it. */
const askAfterMs = [30_000, 2 * 60_000, 5 * 60_000];
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
  /** When its source was asked last, it did not answer. */
  readonly isOwed: boolean;
}

/** Part of every sweep. What fails for one of a source's runners fails for all: the round ends there. */
export async function sweepUnnamed(seen: readonly ProfileView[], ports: Ports, alone: EachAlone): Promise<void> {
  const unnamed = findUnnamed(seen, ports);
  const sources = [...new Set(unnamed.map(({ runner }) => runner.reach.source))];
  await alone.run(
    sources,
    (source) => askForNames({ source, unnamed: unnamed.filter(({ runner }) => runner.reach.source === source) }, ports),
    (source) => ({ source }),
  );
}

function findUnnamed(seen: readonly ProfileView[], ports: Ports): readonly Unnamed[] {
  const now = ports.clock.now();
  const { intervalMs } = ports.settings().sweep;
  const isTime = ({ begunAt = now }: Runner) =>
    askAfterMs.some((ms) => now - begunAt >= ms && now - begunAt < ms + intervalMs);
  return seen.flatMap(({ runners, planner }) =>
    runners
      .filter((runner) => isForges(runner.reach) && isAtWork(runner) && runner.job === null)
      .map((runner) => ({ runner, silence: silenceIn(planner, reachKey(runner.reach)) }))
      .filter(({ runner, silence }) => (silence === undefined ? isTime(runner) : (silence.until ?? now) <= now))
      .map(({ runner, silence }) => ({ runner, isOwed: silence !== undefined })),
  );
}

/** While it does not answer, jobs that those runners stand for wait for that: it is their reason, and asked again. */
async function askForNames(
  { source, unnamed }: { readonly source: string; readonly unnamed: readonly Unnamed[] },
  ports: Ports,
): Promise<void> {
  try {
    await nameTheirJobs({ source, runners: unnamed.map(({ runner }) => runner) }, ports);
  } catch (error) {
    for (const { runner } of placesOf(unnamed)) await noteSilence(runner, error, ports);
    throw error;
  }
  for (const { runner } of placesOf(unnamed.filter(({ isOwed }) => isOwed))) await unblockReach(runner, ports);
}

/** One for each profile and reach. */
function placesOf(unnamed: readonly Unnamed[]): readonly Unnamed[] {
  return [...new Map(unnamed.map((one) => [`${one.runner.profile} ${reachKey(one.runner.reach)}`, one])).values()];
}

/** A call each for a few, and one look at everything for the others. */
async function nameTheirJobs(
  { source, runners }: { readonly source: string; readonly runners: readonly Runner[] },
  ports: Ports,
): Promise<void> {
  for (const { meantFor, profile } of runners.slice(0, mostLooks))
    if (meantFor !== null) await lookAtJob({ job: meantFor, profile }, ports);
  const unnamed = await stillUnnamed(runners, ports);
  if (unnamed > 0) await hearNews(source, ports);
  const left = unnamed > 0 ? await stillUnnamed(runners, ports) : 0;
  const named = runners.length - left;
  if (named > 0) ports.meter.count("onejob_sweep_repairs_total", { kind: "unnamed" }, named);
}

async function stillUnnamed(runners: readonly Runner[], ports: Ports): Promise<number> {
  const now = await Promise.all(runners.map(({ profile, id }) => ports.ledger.readRunner(profile, id)));
  return now.filter((runner) => runner?.job === null).length;
}
