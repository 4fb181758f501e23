/**
 * After a start of the only server on a ledger: whoever held a lease or waited for a launch's answer is dead. Open
 * launches are made due, leases end, and runners whose machines live are adopted; their agents come back by themselves.
 */
import { givenTime } from "../core/job-moves";
import { isFinal, isUnderWay, runnerTraits } from "../core/lifecycle";
import { jobIds } from "../core/log-ids";
import type { Job, Runner } from "../core/model";
import type { Ports } from "../core/ports";
import { profileOf, settle, updatePlanner } from "./moves";
import { forgiveFailures } from "./reach-state";
import { sweep } from "./sweep";

export async function recover(ports: Ports): Promise<{ readonly adopted: number }> {
  const now = ports.clock.now();
  await forgiveFailures(ports);
  let adopted = 0;
  for (const profile of await ports.ledger.listProfiles()) {
    const { planner, runners, jobs } = await ports.ledger.readProfile(profile);
    if (planner.lease !== null || planner.launches.length > 0) {
      const launches = planner.launches.map((launch) => ({ ...launch, deadlineAt: now }));
      await updatePlanner(planner, () => ({ lease: null, dirty: false, launches }), ports);
    }
    adopted += await adoptRunning(runners, jobs, ports).catch((error: unknown) => {
      // The stamp is for the reader only; what lives goes on without it.
      ports.log.warn("running jobs could not be looked at", { profile, error });
      return 0;
    });
  }
  // What fails here was logged where it failed, and comes again with the next sweep.
  await sweep(ports).catch(() => undefined);
  return { adopted };
}

async function adoptRunning(runners: readonly Runner[], jobs: readonly Job[], ports: Ports): Promise<number> {
  const alive = new Set<string>();
  for (const kind of new Set(runners.map((runner) => runner.compute))) {
    const machines = (await ports.compute(kind)?.list()) ?? [];
    for (const machine of machines) if (machine.alive) alive.add(machine.machine);
  }
  const living = new Set(runners.filter((runner) => alive.has(runner.machine)).map((runner) => runner.id));
  for (const runner of runners) if (living.has(runner.id)) await giveTimeToReport(runner, ports);
  const preparing = jobs.filter((job) => job.bound && !isUnderWay(job) && living.has(job.runner ?? ""));
  for (const job of preparing) await ports.ledger.saveJob(givenTime(job, reportBy(job, ports)));
  const running = jobs.filter((job) => isUnderWay(job) && job.runner !== null && living.has(job.runner));
  for (const job of running) await stampAdopted(job, ports);
  return running.length;
}

function reportBy(job: Job, ports: Ports): number {
  return Math.max(job.deadlineAt ?? 0, ports.clock.now() + ports.settings().lease.durationMs);
}

/** It could not reach a server while there was none: its boot time-out begins anew. */
async function giveTimeToReport(runner: Runner, ports: Ports): Promise<void> {
  const bootMs = profileOf(ports, runner.profile)?.timeouts.bootMs ?? 0;
  const deadlineAt = ports.clock.now() + bootMs;
  await settle(
    runner,
    (current) => {
      // One that was asked to leave could not say that it did.
      if (current.askedAt !== null) return { ...current, askedAt: ports.clock.now(), version: current.version + 1 };
      return runnerTraits[current.state].deadline === "boot"
        ? { ...current, deadlineAt, version: current.version + 1 }
        : undefined;
    },
    (next) => ports.ledger.saveRunner(next),
  );
}

async function stampAdopted(job: Job, ports: Ports): Promise<void> {
  const entry = { at: ports.clock.now(), stage: "adopted", attempt: job.attempt } as const;
  const { record } = await settle(
    job,
    (current) =>
      isFinal(current.state)
        ? undefined
        : { ...current, timeline: [...current.timeline, entry], version: current.version + 1 },
    (next) => ports.ledger.saveJob(next),
  );
  ports.log.info("running job adopted", jobIds(record));
}
