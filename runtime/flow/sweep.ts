/**
 * Sweep: find what is overdue or out of step, and repair it. Everything here is a second chance: in good times other
 * flows did it all before. Every item stands alone, so that one that fails does not keep the others from their repair.
 */
import { holdsJob } from "../core/holding";
import { isListening, isUnderWay, runnerTraits } from "../core/lifecycle";
import type { Job, Runner } from "../core/model";
import type { DueItem, Ports } from "../core/ports";
import { givenTime } from "../core/job-moves";
import { heard } from "../core/runner-moves";
import { EachAlone } from "./each-alone";
import { applyToJob, applyToRunner, findJob, runnerTimes } from "./moves";
import { planLaunches } from "./plan-launches";
import { loseRunner, retireRunner } from "./retire-runner";
import { sweepMachines } from "./sweep-machines";

const dueAtOnce = 200;
const purgedAtOnce = 200;

/** Throws when something failed; all the rest was done, and it comes again. */
export async function sweep(ports: Ports): Promise<void> {
  const alone = new EachAlone(ports.log);
  const steps = { deadlines: sweepDeadlines, machines: sweepMachines, plans: sweepPlans, retention: sweepRetention };
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

async function expireJob(item: DueItem & { kind: "job" }, ports: Ports): Promise<string | undefined> {
  const now = ports.clock.now();
  const job = await findJob(item.key, item.profile, ports);
  if (job === undefined || !isDue(job, now)) return undefined;
  if (job.bound && !isUnderWay(job)) return loseUnready(job, ports);
  const { job: after, moved } = await applyToJob(
    job,
    (current) => {
      if (!isDue(current, now) || current.bound !== job.bound) return undefined;
      const unheard = isUnderWay(current) && current.cancelRequestedAt !== null;
      if (unheard) return { event: "cancelled", at: now, reason: "cancelled-by-user", exitCode: null };
      return { event: "expired", at: now };
    },
    ports,
  );
  return moved ? (after.reason ?? "expired") : undefined;
}

/**
 * Its runner took it and does not get ready. When we come much too late ourselves (the machine slept), only its word may
 * be missing: then it gets time to say it.
 */
async function loseUnready(job: Job, ports: Ports): Promise<string | undefined> {
  const now = ports.clock.now();
  const { durationMs } = ports.settings().lease;
  if (now - (job.deadlineAt ?? now) > durationMs) {
    await ports.ledger.saveJob(givenTime(job, now + durationMs));
    return undefined;
  }
  const runner = await ports.ledger.readRunner(job.profile ?? "", job.runner ?? "");
  if (runner === undefined) return undefined;
  const still = (current: Runner) => current.version === runner.version && isListening(current);
  return (await loseRunner(runner, { reason: "boot-timeout", still }, ports)) ? "boot-timeout" : undefined;
}

async function expireRunner(item: DueItem & { kind: "runner" }, ports: Ports): Promise<string | undefined> {
  const now = ports.clock.now();
  const runner = await ports.ledger.readRunner(item.profile, item.id);
  if (runner === undefined || !isDue(runner, now)) return undefined;
  const { deadline } = runnerTraits[runner.state];
  const still = (current: Runner) => isDue(current, now) && runnerTraits[current.state].deadline === deadline;
  switch (deadline) {
    case "boot":
      return (await loseRunner(runner, { reason: "boot-timeout", still }, ports)) ? "boot-timeout" : undefined;
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

async function expireIdle(runner: Runner, ports: Ports): Promise<string | undefined> {
  const job = runner.job === null ? undefined : await findJob(runner.job, runner.profile, ports);
  if (job !== undefined && holdsJob(runner, job)) return lookAfter(runner, ports);
  const { profile, id } = runner;
  return (await retireRunner({ profile, runner: id, reason: "idle-timeout" }, ports)) ? "idle-timeout" : undefined;
}

/** A silent agent is never killed for its silence: the compute says whether its machine lives. */
async function lookAfter(runner: Runner, ports: Ports): Promise<string | undefined> {
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

function isDue(record: { readonly deadlineAt: number | null }, now: number): boolean {
  return record.deadlineAt !== null && record.deadlineAt <= now;
}

/** Level, not edge: whatever word was lost, each profile is planned from what is written. */
async function sweepPlans(ports: Ports, alone: EachAlone): Promise<void> {
  const configured = ports.settings().profiles.map((profile) => profile.name);
  const profiles = new Set([...configured, ...(await ports.ledger.listProfiles())]);
  await alone.run(
    profiles,
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
