/**
 * For sources where we decide (`api`): which job does a listening runner take? Two writes, runner first, so that two
 * requests of one agent never take two jobs, and the job's own version decides between two runners. A crash between the
 * two leaves a runner set aside for a job it does not hold; its next request finishes or undoes that.
 */
import { isListening, isStopping, isSupply } from "../core/lifecycle";
import { byWaiting, reachKey, type Job, type Runner } from "../core/model";
import { waitsIn } from "../core/planning";
import type { Ports } from "../core/ports";
import { reservedFor } from "../core/runner-moves";
import { applyToJob, findJob, runnerTimes } from "./moves";

/** The runner as it stands, and the job it holds, if there is one for it. */
export interface Assigned {
  readonly runner: Runner;
  readonly job: Job | undefined;
}

export async function assignJob(runner: Runner, ports: Ports): Promise<Assigned> {
  if (runner.job !== null) {
    const held = await hold(runner, await findJob(runner.job, runner.profile, ports), ports);
    if (held.job !== undefined || held.runner.job !== null) return held;
    return assignJob(held.runner, ports);
  }
  if (!isSupply(runner) || !isListening(runner)) return { runner, job: undefined };
  const [job] = await candidates(runner, ports);
  if (job === undefined || (await ports.ledger.readFleet()).draining) return { runner, job: undefined };
  const logBase = await ports.files.logSize(job.key);
  const reserved = await ports.ledger.saveRunner(
    reservedFor(runner, { job: job.key, attempt: job.attempt, logBase }, seenNow(runner, ports)),
  );
  if (!reserved.written) return reserved.current ? assignJob(reserved.current, ports) : { runner, job: undefined };
  const held = await hold(reserved.record, job, ports);
  if (held.job !== undefined) return held;
  return assignJob(held.runner, ports);
}

function seenNow(runner: Runner, ports: Ports) {
  return { ...runnerTimes(ports, runner.profile), at: ports.clock.now() };
}

/** Takes the job for the runner that is set aside for it, or frees the runner again. */
async function hold(runner: Runner, job: Job | undefined, ports: Ports): Promise<Assigned> {
  // One that is being stopped loses its machine, whatever it is set aside for.
  if (job !== undefined && runner.attempt === job.attempt && !isStopping(runner)) {
    const at = ports.clock.now();
    const bound = await applyToJob(
      job,
      (current) => (current.attempt === runner.attempt ? { event: "bound", at, runner: runner.id } : undefined),
      ports,
    );
    if (bound.job.bound && bound.job.runner === runner.id) return { runner, job: bound.job };
  }
  if (!isListening(runner)) return { runner, job: undefined };
  const freed = await ports.ledger.saveRunner(reservedFor(runner, null, seenNow(runner, ports)));
  return { runner: freed.written ? freed.record : (freed.current ?? runner), job: undefined };
}

/** The job this runner was made for, if it still waits: one read. Else all in reach, the longest waiting first. */
async function candidates(runner: Runner, ports: Ports): Promise<readonly Job[]> {
  const meant = runner.meantFor === null ? undefined : await ports.ledger.readJob(runner.meantFor, runner.profile);
  if (meant !== undefined && isInReach(meant, runner)) return [meant];
  const { jobs } = await ports.ledger.readProfile(runner.profile);
  return jobs.filter((job) => isInReach(job, runner)).sort(byWaiting);
}

function isInReach(job: Job, runner: Runner): boolean {
  return waitsIn(job, reachKey(runner.reach));
}
