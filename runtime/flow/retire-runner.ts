/**
 * Complete: a runner that is of no more use is stopped and its machine ended. Two keys for an idle one: the source takes
 * its right back, and only then the machine goes. Terminating is repeated by the sweep until the compute confirms.
 */
import { isFinal, isGone, runnerTraits } from "../core/lifecycle";
import type { Job, Runner } from "../core/model";
import type { Ports } from "../core/ports";
import type { ReasonCode } from "../core/reasons";
import { applyToJob, applyToRunner, findJob } from "./moves";
import { settleAttempt } from "./settle-attempt";

export interface Retirement {
  readonly profile: string;
  readonly runner: string;
  readonly reason: ReasonCode | null;
}

export async function retireRunner({ profile, runner: id, reason }: Retirement, ports: Ports): Promise<void> {
  const runner = await ports.ledger.readRunner(profile, id);
  if (runner === undefined || isGone(runner.state)) return;
  if (await holdsOpenJob(runner, ports)) return;
  const source = ports.source(runner.reach.source);
  if (source && (await source.withdraw(runner)) === "busy") {
    ports.log.info("runner is busy at the source, left alone", { runner: id, profile });
    return;
  }
  const at = ports.clock.now();
  const seen = runner.job;
  const stopped = await applyToRunner(
    runner,
    (current) => (current.job === seen ? { event: "retired", at, reason } : undefined),
    ports,
  );
  if (stopped.runner.job !== seen) return;
  if (seen === null) await releaseExpected(stopped.runner, reason ?? "interrupted", ports);
  await endMachine(stopped.runner, ports);
}

/** Ends the machine of a stopping runner and closes its record. Throws when the compute does; the sweep comes again. */
export async function endMachine(runner: Runner, ports: Ports): Promise<void> {
  if (isGone(runner.state)) return;
  await ports.compute(runner.compute)?.terminate([runner.machine]);
  await ports.ledger.dropEnrolment(runner.id);
  await applyToRunner(runner, () => ({ event: "terminated", at: ports.clock.now() }), ports);
}

function isStopping(runner: Runner): boolean {
  return runnerTraits[runner.state].deadline === "stop";
}

async function holdsOpenJob(runner: Runner, ports: Ports): Promise<boolean> {
  const job = await jobOf(runner, ports);
  return job !== undefined && !isFinal(job.state) && holds(runner, job);
}

function holds(runner: Runner, job: Job): boolean {
  return job.bound && job.runner === runner.id;
}

async function jobOf(runner: Runner, ports: Ports): Promise<Job | undefined> {
  return runner.job === null ? undefined : findJob(runner.job, runner.profile, ports);
}

/** The machine is gone, or will be in a moment: what ran on it failed or is tried again, what waited for it waits on. */
export async function loseRunner(runner: Runner, reason: ReasonCode, ports: Ports): Promise<void> {
  const at = ports.clock.now();
  // A machine that is being stopped is expected to go: that is no loss.
  const { runner: stopped, moved } = await applyToRunner(
    runner,
    (current) => (isStopping(current) ? undefined : { event: "vanished", at, reason }),
    ports,
  );
  if (moved) ports.log.warn("runner lost", { runner: runner.id, profile: runner.profile, job: runner.job, reason });
  const job = await jobOf(stopped, ports);
  const outcome = { exitCode: null, reason, detail: null };
  if (job !== undefined) await settleAttempt(job, { runner: runner.id, outcome }, ports);
  await releaseExpected(stopped, reason, ports);
  await endMachine(stopped, ports);
}

async function releaseExpected(runner: Runner, reason: ReasonCode, ports: Ports): Promise<void> {
  const { jobs } = await ports.ledger.readProfile(runner.profile);
  const at = ports.clock.now();
  for (const job of jobs.filter((candidate) => candidate.runner === runner.id && !candidate.bound)) {
    await applyToJob(
      job,
      (current) =>
        current.runner === runner.id && !current.bound ? { event: "unclaimed", at, reason, detail: null } : undefined,
      ports,
    );
  }
}
