/** A runner whose deadline is over: looked after, asked to leave, or given up, by what its deadline means. */
import { isForges } from "../core/api-source";
import { holdsJob } from "../core/holding";
import { isDemand, isListening, runnerTraits } from "../core/lifecycle";
import { runnerIds } from "../core/log-ids";
import { byWaiting, reachKey, type Job, type Runner } from "../core/model";
import { waitsIn } from "../core/planning";
import type { DueItem, Ports } from "../core/ports";
import { heard, listeningSince, longestPreparationMs } from "../core/runner-moves";
import { wereAway } from "./away";
import type { Listings } from "./listings";
import { lookAtJob } from "./look-at-job";
import { applyToRunner, findJob, profileOf, runnerTimes } from "./moves";
import { isDue } from "./overdue-job";
import { countFailure, noteSilence, silenceIn } from "./reach-state";
import { loseRunner, retireRunner } from "./retire-runner";

/** So many jobs are asked for that a runner listened for in vain. */
const mostLooks = 10;

/** Who looks at the runners of one sweep. */
export interface Looking {
  readonly ports: Ports;
  readonly listings: Listings;
}

/** Answers what was repaired. */
export async function expireRunner(item: DueItem & { kind: "runner" }, looking: Looking): Promise<string | undefined> {
  const { ports } = looking;
  const now = ports.clock.now();
  const runner = await ports.ledger.readRunner(item.profile, item.id);
  if (runner === undefined || !isDue(runner, now)) return undefined;
  switch (runnerTraits[runner.state].deadline) {
    case "boot":
      return expireBooting(runner, looking);
    case "idle":
      return expireIdle(runner, looking);
    case "silence":
      return lookAfter(runner, looking);
    case "stop":
      return endAgain(runner, ports);
    case null:
      return undefined;
  }
}

/** One that was given its right may listen, or run a job, though its word has not reached us: two keys end it. */
async function expireBooting(runner: Runner, { ports, listings }: Looking): Promise<string | undefined> {
  const reason = "boot-timeout";
  if (wereAway(runner, ports) && !wasGivenTime(runner, ports) && (await isAlive(runner, { ports, listings }))) {
    const deadlineAt = ports.clock.now() + ports.settings().lease.durationMs;
    return void (await ports.ledger.saveRunner({ ...runner, deadlineAt, version: runner.version + 1 }));
  }
  if (!isForges(runner.reach) || runner.grantedAt === undefined)
    return (await loseRunner(runner, { reason, still: stillOverdue(runner, ports) }, ports)) ? reason : undefined;
  const left = await retireRunner({ profile: runner.profile, runner: runner.id, reason }, ports);
  // Asked to leave for the first time just now.
  if (runner.askedAt === null) await countFailure(runner, { reason: "boot-failing", detail: null }, ports);
  return left ? reason : undefined;
}

/** While its compute gives no answer it is put off: else it would be the first in line for ever, before all others. */
async function isAlive(runner: Runner, { ports, listings }: Looking): Promise<boolean> {
  try {
    return await listings.isAlive(runner);
  } catch (error) {
    const deadlineAt = ports.clock.now() + ports.settings().lease.durationMs;
    await ports.ledger.saveRunner({ ...runner, deadlineAt, version: runner.version + 1 });
    throw error;
  }
}

/** Once: it has more than its boot time by now, and more than one that prepares has. */
function wasGivenTime({ profile, createdAt, deadlineAt }: Runner, ports: Ports): boolean {
  const bootMs = profileOf(ports, profile)?.timeouts.bootMs ?? 0;
  return (deadlineAt ?? 0) > createdAt + Math.max(bootMs, longestPreparationMs);
}

/** Whether its record, as it stands, is overdue for the same. */
function stillOverdue(runner: Runner, ports: Ports): (current: Runner) => boolean {
  const { deadline } = runnerTraits[runner.state];
  const now = ports.clock.now();
  return (current) => isDue(current, now) && runnerTraits[current.state].deadline === deadline;
}

/** The next try gets its time first: a machine that cannot be ended must not be the first in line for ever. */
async function endAgain(runner: Runner, ports: Ports): Promise<string> {
  const still = stillOverdue(runner, ports);
  const { runner: stopping } = await applyToRunner(
    runner,
    (current) => (still(current) ? { event: "expired", at: ports.clock.now(), reason: null } : undefined),
    ports,
  );
  // With it goes a job whose loss was never written.
  await loseRunner(stopping, { reason: "agent-lost", still: () => false }, ports);
  return "stop";
}

async function expireIdle(runner: Runner, looking: Looking): Promise<string | undefined> {
  const { ports } = looking;
  const job = runner.job === null ? undefined : await findJob(runner.job, runner.profile, ports);
  if (job !== undefined && holdsJob(runner, job)) return lookAfter(runner, looking);
  if (await isPassedOver(runner, ports))
    await countFailure(runner, { reason: "runner-not-eligible", detail: null }, ports);
  const { profile, id } = runner;
  return (await retireRunner({ profile, runner: id, reason: "idle-timeout" }, ports)) ? "idle-timeout" : undefined;
}

/** It listened all the while that a job in its reach waited, and the forge did not give it that job. */
async function isPassedOver(runner: Runner, ports: Ports): Promise<boolean> {
  if (!isForges(runner.reach) || runner.askedAt !== null) return false;
  const since = listeningSince(runner);
  if (since === undefined || !isListening(runner)) return false;
  const { jobs, planner } = await ports.ledger.readProfile(runner.profile);
  const key = reachKey(runner.reach);
  const passed = jobs.filter((job) => waitsIn(job, key) && job.queuedAt <= since);
  // Who gives no answer gives no jobs either.
  if (passed.length === 0 || silenceIn(planner, key) !== undefined) return false;
  // That its machines are given nothing is known: each of many need not ask for itself.
  if ((planner.breakers[key]?.openUntil ?? 0) > ports.clock.now()) return true;
  return waitsThere(passed.sort(byWaiting).slice(0, mostLooks), runner, ports);
}

/** A job that is over there without a word was rightly not given; of one that its source does not know nobody can say. */
async function waitsThere(jobs: readonly Job[], runner: Runner, ports: Ports): Promise<boolean> {
  try {
    for (const { key, profile } of jobs) {
      const isKnown = await lookAtJob({ job: key, profile }, ports);
      const job = isKnown ? await findJob(key, profile, ports) : undefined;
      if (job !== undefined && isDemand(job)) return true;
    }
  } catch (error) {
    await noteSilence(runner, error, ports);
    ports.log.warn("the source cannot say whether a job still waits there", { ...runnerIds(runner), error });
  }
  return false;
}

/** A silent agent is never killed for its silence: the compute says whether its machine lives. */
async function lookAfter(runner: Runner, { ports, listings }: Looking): Promise<string | undefined> {
  if (await isAlive(runner, { ports, listings })) {
    const { lastHeartbeatAt } = runner;
    const trusted = heard(runner, ports.clock.now(), runnerTimes(ports, runner.profile));
    await ports.ledger.saveRunner({ ...trusted, lastHeartbeatAt });
    return undefined;
  }
  return (await loseRunner(runner, { reason: "agent-lost", still: () => true }, ports)) ? "agent-lost" : undefined;
}
