/**
 * Complete: a runner that is of no more use is stopped and its machine ended. Two keys for an idle one: the source takes
 * its right back, and only then the machine goes. Terminating is repeated by the sweep until the compute confirms.
 * What waited for such a runner is found by the next plan (`repair-level`).
 */
import { breakerFailed } from "../core/breaker";
import { holdsJob, isReserved } from "../core/holding";
import { isFinal, isGone, isStopping, runnerTraits } from "../core/lifecycle";
import { reachKey, type Job, type Runner } from "../core/model";
import type { Ports } from "../core/ports";
import type { ReasonCode } from "../core/reasons";
import { applyToRunner, findJob, updatePlanner } from "./moves";
import { settleAttempt } from "./settle-attempt";

export interface Retirement {
  readonly profile: string;
  readonly runner: string;
  readonly reason: ReasonCode | null;
}

/** Answers whether it went; a runner that has a job, or is about to take one, is left alone. */
export async function retireRunner({ profile, runner: id, reason }: Retirement, ports: Ports): Promise<boolean> {
  const runner = await ports.ledger.readRunner(profile, id);
  if (runner === undefined || isGone(runner.state)) return false;
  if (await isNeeded(runner, ports)) return false;
  const source = ports.source(runner.reach.source);
  if (source && (await source.withdraw(runner)) === "busy") {
    ports.log.info("runner is busy at the source, left alone", { runner: id, profile });
    return false;
  }
  const at = ports.clock.now();
  const stopped = await applyToRunner(
    runner,
    // Whatever it did since it was judged, it may be needed now.
    (current) => (current.version === runner.version ? { event: "retired", at, reason } : undefined),
    ports,
  );
  if (!stopped.moved && !isStopping(stopped.runner)) return false;
  await endMachine(stopped.runner, ports);
  return true;
}

/** Ends the machine of a stopping runner and closes its record. Throws when the compute does; the sweep comes again. */
async function endMachine(runner: Runner, ports: Ports): Promise<void> {
  if (isGone(runner.state)) return;
  await ports.compute(runner.compute)?.terminate([runner.machine]);
  await ports.ledger.dropEnrolment(runner.id);
  await applyToRunner(runner, () => ({ event: "terminated", at: ports.clock.now() }), ports);
}

/** An agent that was heard of lately may be taking the job it is set aside for at this moment. */
async function isNeeded(runner: Runner, ports: Ports): Promise<boolean> {
  const job = await jobOf(runner, ports);
  if (job === undefined || isFinal(job.state)) return false;
  if (holdsJob(runner, job)) return true;
  const silentMs = ports.clock.now() - (runner.lastHeartbeatAt ?? 0);
  return isReserved(runner, job) && silentMs < ports.settings().lease.durationMs;
}

async function jobOf(runner: Runner, ports: Ports): Promise<Job | undefined> {
  return runner.job === null ? undefined : findJob(runner.job, runner.profile, ports);
}

export interface Loss {
  readonly reason: ReasonCode;
  /** Whether it still holds for the record as it stands; it may have moved on since it was judged. */
  readonly still: (current: Runner) => boolean;
}

/** The machine is gone, or will be in a moment: what ran on it failed or is tried again. Answers whether it was so. */
export async function loseRunner(runner: Runner, { reason, still }: Loss, ports: Ports): Promise<boolean> {
  const at = ports.clock.now();
  // A machine that is being stopped is expected to go: that is no loss.
  const lost = await applyToRunner(
    runner,
    (current) => (isStopping(current) || !still(current) ? undefined : { event: "vanished", at, reason }),
    ports,
  );
  if (!lost.moved && !isStopping(lost.runner)) return false;
  if (lost.moved) {
    ports.log.warn("runner lost", { runner: runner.id, profile: runner.profile, job: runner.job, reason });
    if (runnerTraits[lost.before.state].deadline === "boot") await countFailure(runner, ports);
  }
  const job = await jobOf(lost.runner, ports);
  const outcome = { exitCode: null, reason, detail: null };
  if (job !== undefined) await settleAttempt(job, { runner: runner.id, outcome }, ports);
  await endMachine(lost.runner, ports);
  return lost.moved;
}

/** A machine that never reported in. */
async function countFailure(runner: Runner, ports: Ports): Promise<void> {
  const planner = await ports.ledger.readPlanner(runner.profile);
  const key = reachKey(runner.reach);
  const now = ports.clock.now();
  await updatePlanner(
    planner,
    ({ breakers }) => ({ breakers: { ...breakers, [key]: breakerFailed(breakers[key], "boot-failing", now) } }),
    ports,
  );
}
