/**
 * Complete: a runner that is of no more use is stopped and its machine ended (`end-machine.ts`). Nothing is killed that
 * runs a job, or may have been given one. What waited for such a runner is found by the next plan (`repair-level`).
 */
import { isForges } from "../core/api-source";
import { holdsJob, isReserved } from "../core/holding";
import { isAtWork, isFinal, isGone, isStopping, isUnderWay, runnerTraits } from "../core/lifecycle";
import { jobIds, runnerIds } from "../core/log-ids";
import type { Job, Runner } from "../core/model";
import type { Ports } from "../core/ports";
import type { ReasonCode } from "../core/reasons";
import { askedToLeave } from "../core/runner-moves";
import { wereAway } from "./away";
import { endLostMachine, endMachine, withdraw } from "./end-machine";
import { lostBy, runAgain } from "./interruption";
import { lookAtJob } from "./look-at-job";
import { applyToRunner, findJob } from "./moves";
import { countFailure } from "./reach-state";
import { settleAttempt } from "./settle-attempt";

export interface Retirement {
  readonly profile: string;
  readonly runner: string;
  readonly reason: ReasonCode | null;
}

/** An agent whose job is over at its forge leaves by itself, when nothing keeps it. */
const leavingMs = 30_000;
/** After this an agent that was asked to leave is not waited for: silent it counts as gone, else its forge decides. */
const hardDeadlineMs = 10 * 60_000;

/** Answers whether it went; a runner that has a job, or is about to take one, is left alone. */
export async function retireRunner({ profile, runner: id, reason }: Retirement, ports: Ports): Promise<boolean> {
  const runner = await ports.ledger.readRunner(profile, id);
  if (runner === undefined || isGone(runner.state)) return false;
  // One that is being stopped has left its job, whatever the forge still says of that.
  if (!isStopping(runner)) {
    const held = { runner, job: await jobOf(runner, ports) };
    if (isNeeded(held, ports) || (await mustWait(held, reason, ports))) return false;
  }
  const at = ports.clock.now();
  const stopped = await applyToRunner(
    runner,
    // Whatever it did since it was judged, it may be needed now.
    (current) => (current.version === runner.version ? { event: "retired", at, reason } : undefined),
    ports,
  );
  if (!stopped.moved && !isStopping(stopped.runner)) return false;
  return endMachine(stopped.runner, ports);
}

interface Held {
  readonly runner: Runner;
  readonly job: Job | undefined;
}

/**
 * Where a forge gives out the jobs, only the agent knows that none came at this very moment: it is asked to stop its
 * listener, and says so by `finished`. `false`: there is nobody to ask, or the time to answer is over.
 */
async function mustWait({ runner, job }: Held, reason: ReasonCode | null, ports: Ports): Promise<boolean> {
  if (!isForges(runner.reach) || runner.nonce === null) return false;
  const now = ports.clock.now();
  const isHeard = now - (runner.lastHeartbeatAt ?? 0) < ports.settings().lease.durationMs;
  if (isAtWork(runner)) return job === undefined || (isHeard && now - (job.finishedAt ?? now) < leavingMs);
  const isHopeless = runner.askedAt !== null && now - runner.askedAt >= hardDeadlineMs;
  const isOver = isHopeless && (isHeard ? await withdraw(runner, ports) : !wereAway(runner, ports));
  const isDue = (runner.deadlineAt ?? now) <= now;
  if (!isOver && (runner.askedAt === null || isDue))
    await ports.ledger.saveRunner(askedToLeave(runner, { at: now, reason, byMs: leavingMs }));
  return !isOver;
}

/** An agent that was heard of lately may be taking the job it is set aside for at this moment. */
function isNeeded({ runner, job }: Held, ports: Ports): boolean {
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
    (current) =>
      isStopping(current) || !still(current) ? undefined : { event: "vanished", at, reason: lostBy(current, reason) },
    ports,
  );
  if (!lost.moved && !isStopping(lost.runner)) return false;
  if (lost.moved) {
    ports.log.warn("runner lost", { ...runnerIds(lost.runner), reason: lostBy(lost.runner, reason) });
    if (failedToBoot(lost.before)) await countFailure(runner, { reason: "boot-failing", detail: null }, ports);
  }
  const job = await jobOf(lost.runner, ports);
  // A forge's agent that was stopping has left its job: how that ended the forge says.
  const isLeft = !lost.moved && isForges(lost.runner.reach);
  const loss = { runner: runner.id, reason: lostBy(lost.runner, reason) };
  if (job !== undefined && !isLeft) await settleLoss(job, loss, ports);
  await (lost.moved ? endLostMachine : endMachine)(lost.runner, ports);
  return lost.moved;
}

/** One that reported in and was given no enrolment failed by its source's fault, one that was taken away by nobody's. */
function failedToBoot({ state, nonce, grantedAt, interruptedAt }: Runner): boolean {
  const isBooting = runnerTraits[state].deadline === "boot" && interruptedAt === undefined;
  return isBooting && (nonce === null || grantedAt !== undefined);
}

/** The forge may know more than we do: a job may have ended there before its machine was lost. */
async function settleLoss(
  job: Job,
  lost: { readonly runner: string; readonly reason: ReasonCode },
  ports: Ports,
): Promise<void> {
  if (isForges(job)) {
    try {
      await lookAtJob({ job: job.key, profile: job.profile }, ports);
    } catch (error) {
      ports.log.warn("the source cannot say how a lost job ended, it is asked again", { ...jobIds(job), error });
      return;
    }
  }
  const current = (await findJob(job.key, job.profile, ports)) ?? job;
  const outcome = { exitCode: null, reason: lost.reason, detail: null };
  const isTaken = lost.reason === "interrupted" && current.runner === lost.runner && isUnderWay(current);
  if (isTaken) await runAgain(current, ports);
  await settleAttempt(current, { runner: lost.runner, outcome }, ports);
}
