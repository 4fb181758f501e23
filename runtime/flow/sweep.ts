/**
 * Sweep: find what is overdue or out of step, and repair it. Everything here is a second chance: in good times other
 * flows did it all before. Every item stands alone, so that one that fails does not keep the others from their repair.
 */
import { isForges } from "../core/api-source";
import { holdsJob } from "../core/holding";
import { isAtWork, isDemand, isListening, runnerTraits } from "../core/lifecycle";
import { reachKey, type Runner } from "../core/model";
import type { DueItem, Ports } from "../core/ports";
import { heard } from "../core/runner-moves";
import { EachAlone } from "./each-alone";
import { allProfiles, applyToRunner, findJob, runnerTimes } from "./moves";
import { expireJob, isDue, lateAfterMs } from "./overdue-job";
import { sweepUnnamed } from "./name-jobs";
import { planLaunches } from "./plan-launches";
import { countFailure } from "./reach-state";
import { hasHadItsTime, loseRunner, retireRunner } from "./retire-runner";
import { sweepMachines } from "./sweep-machines";

const dueAtOnce = 200;
const purgedAtOnce = 200;

/** Throws when something failed; all the rest was done, and it comes again. */
export async function sweep(ports: Ports): Promise<void> {
  const alone = new EachAlone(ports.log);
  const steps = {
    deadlines: sweepDeadlines,
    machines: sweepMachines,
    unnamed: sweepUnnamed,
    plans: sweepPlans,
    retention: sweepRetention,
  };
  await alone.run(
    Object.entries(steps),
    ([, step]) => step(ports, alone),
    ([step]) => ({ step }),
  );
  alone.done("sweep");
}

async function sweepDeadlines(ports: Ports, alone: EachAlone): Promise<void> {
  const now = ports.clock.now();
  await alone.run(
    await ports.ledger.due(now, dueAtOnce),
    async (item) => {
      const repair = item.kind === "job" ? await expireJob(item, ports) : await expireRunner(item, ports);
      if (repair !== undefined) ports.meter.count("onejob_sweep_repairs_total", { kind: repair });
    },
    (item) => ({ ...item }),
  );
}

async function expireRunner(item: DueItem & { kind: "runner" }, ports: Ports): Promise<string | undefined> {
  const now = ports.clock.now();
  const runner = await ports.ledger.readRunner(item.profile, item.id);
  if (runner === undefined || !isDue(runner, now)) return undefined;
  const { deadline } = runnerTraits[runner.state];
  const { durationMs } = ports.settings().lease;
  const later = { ...runner, deadlineAt: now + durationMs, version: runner.version + 1 };
  const still = (current: Runner) => isDue(current, now) && runnerTraits[current.state].deadline === deadline;
  switch (deadline) {
    case "boot":
      // Much too late ourselves: somebody set the clock, or this machine slept, and its agents did, too.
      if (now - (runner.deadlineAt ?? now) > lateAfterMs(ports) && (await isAlive(runner, ports)))
        return void (await ports.ledger.saveRunner(later));
      return (await expireBooting(runner, still, ports)) ? "boot-timeout" : undefined;
    case "idle":
      return expireIdle(runner, ports);
    case "silence":
      return lookAfter(runner, ports);
    case "stop": {
      // The next try gets its time first: a machine that cannot be ended must not be the first in line for ever.
      const { runner: stopping } = await applyToRunner(
        runner,
        (current) => (still(current) ? { event: "expired", at: now, reason: null } : undefined),
        ports,
      );
      // With it goes a job whose loss was never written.
      await loseRunner(stopping, { reason: "agent-lost", still: () => false }, ports);
      return "stop";
    }
    case null:
      return undefined;
  }
}

/** One that was given its right may listen, or run a job, though its word has not reached us: two keys end it. */
async function expireBooting(runner: Runner, still: (current: Runner) => boolean, ports: Ports): Promise<boolean> {
  const reason = "boot-timeout";
  if (!isForges(runner.reach) || runner.grantedAt === undefined) return loseRunner(runner, { reason, still }, ports);
  if (runner.askedAt === null) await countFailure(runner, { reason: "boot-failing", detail: null }, ports);
  return retireRunner({ profile: runner.profile, runner: runner.id, reason }, ports);
}

async function expireIdle(runner: Runner, ports: Ports): Promise<string | undefined> {
  const job = runner.job === null ? undefined : await findJob(runner.job, runner.profile, ports);
  if (job !== undefined && holdsJob(runner, job)) return lookAfter(runner, ports);
  if (await isPassedOver(runner, ports))
    await countFailure(runner, { reason: "runner-not-eligible", detail: null }, ports);
  const { profile, id } = runner;
  return (await retireRunner({ profile, runner: id, reason: "idle-timeout" }, ports)) ? "idle-timeout" : undefined;
}

/** It listened all the while that a job in its reach waited, and the forge did not give it that job. */
async function isPassedOver(runner: Runner, ports: Ports): Promise<boolean> {
  if (!isForges(runner.reach) || runner.askedAt !== null) return false;
  const since = runner.stages.find(({ stage }) => stage === "listening")?.at;
  if (since === undefined || !isListening(runner)) return false;
  const { jobs } = await ports.ledger.readProfile(runner.profile);
  const key = reachKey(runner.reach);
  return jobs.some(
    (job) => isDemand(job) && job.reach !== null && reachKey(job.reach) === key && job.queuedAt <= since,
  );
}

/** A silent agent is never killed for its silence: the compute says whether its machine lives. */
async function lookAfter(runner: Runner, ports: Ports): Promise<string | undefined> {
  // What it runs was never named, so no job's deadline ends it.
  if (isAtWork(runner) && runner.job === null && hasHadItsTime(runner, ports)) {
    const still = (current: Runner) => current.job === null;
    return (await loseRunner(runner, { reason: "job-timeout", still }, ports)) ? "job-timeout" : undefined;
  }
  if (await isAlive(runner, ports)) {
    const { lastHeartbeatAt } = runner;
    const trusted = heard(runner, ports.clock.now(), runnerTimes(ports, runner.profile));
    await ports.ledger.saveRunner({ ...trusted, lastHeartbeatAt });
    return undefined;
  }
  return (await loseRunner(runner, { reason: "agent-lost", still: () => true }, ports)) ? "agent-lost" : undefined;
}

async function isAlive(runner: Runner, ports: Ports): Promise<boolean> {
  const machines = await ports.compute(runner.compute)?.list();
  return machines?.some(({ machine, alive }) => machine === runner.machine && alive) ?? false;
}

/** Level, not edge: whatever word was lost, each profile is planned from what is written. */
async function sweepPlans(ports: Ports, alone: EachAlone): Promise<void> {
  await alone.run(
    await allProfiles(ports),
    (profile) => planLaunches(profile, ports),
    (profile) => ({ profile }),
  );
}

async function sweepRetention(ports: Ports): Promise<void> {
  const before = ports.clock.now() - ports.settings().retention.finishedMs;
  for (const { job } of await ports.ledger.purge(before, purgedAtOnce)) {
    await ports.files.dropLog(job);
    await ports.files.dropBundle(job);
  }
}
