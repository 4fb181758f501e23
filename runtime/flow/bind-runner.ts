/**
 * Which runner has a forge's job is a fact only once the forge names it, or its agent says that something began. The forge
 * may give any job in reach to any runner in reach, so the one a machine was made for is only a guess until then.
 */
import { isAtWork, isStopping, runnerStep } from "../core/lifecycle";
import { runnerIds } from "../core/log-ids";
import { runnerName, type Instant, type Job, type JobKey, type Runner } from "../core/model";
import type { Ports } from "../core/ports";
import { foundWith } from "../core/runner-moves";
import { tellJob } from "./interruption";
import { allProfiles, applyToRunner, settle } from "./moves";
import { clearReach } from "./reach-state";

/** The runner of ours that goes by this name at the source. `profile`: where it is looked for first. */
export async function findRunner(
  name: string | null,
  profile: string | null,
  ports: Ports,
): Promise<Runner | undefined> {
  const prefix = runnerName("");
  if (name === null || !name.startsWith(prefix)) return undefined;
  return findRunnerById(name.slice(prefix.length), profile, ports);
}

/** Of two profiles that share labels the one's job may run on the other's runner. */
export async function findRunnerById(id: string, profile: string | null, ports: Ports): Promise<Runner | undefined> {
  const near = profile === null ? undefined : await ports.ledger.readRunner(profile, id);
  if (near !== undefined) return near;
  for (const other of await allProfiles(ports)) {
    const runner = other === profile ? undefined : await ports.ledger.readRunner(other, id);
    if (runner !== undefined) return runner;
  }
  return undefined;
}

/**
 * The runner's side of a job that is bound to it. Called again it does nothing. `at`: when that was. Answers the runner as
 * it stands then.
 */
export async function bindRunner(
  runner: Runner,
  { job, at }: { readonly job: Job; readonly at: Instant },
  ports: Ports,
): Promise<Runner> {
  if (!job.bound || job.runner !== runner.id || runner.job === job.key) return runner;
  const work = { job: job.key, attempt: job.attempt };
  const started = await applyToRunner(
    runner,
    (current) =>
      current.job === null && runnerStep(current.state, "started") !== undefined
        ? { event: "started", at, ...work }
        : undefined,
    ports,
  );
  const bound = started.moved ? started.runner : await bindLate(started.runner, work, ports);
  await tellJob(job, bound, ports);
  // Whatever was said of runners that nobody wants does not hold any more.
  await clearReach(bound, ports);
  if (bound.meantFor !== job.key) await ports.queue.send([{ kind: "plan", profile: bound.profile }]);
  return bound;
}

/** Its agent was faster: it runs already, or has run, something that nobody had named. */
async function bindLate(
  runner: Runner,
  work: Pick<Job, "attempt"> & { readonly job: JobKey },
  ports: Ports,
): Promise<Runner> {
  const isLate = (current: Runner) => current.job === null && (isAtWork(current) || isStopping(current));
  const { record, changed } = await settle(
    runner,
    (current) => (isLate(current) ? foundWith(current, work) : undefined),
    (next) => ports.ledger.saveRunner(next),
  );
  if (!changed) return record;
  ports.log.info("runner found with its job", runnerIds(record));
  // Nobody had to be asked to let go of one that had a job.
  const { profile, id } = record;
  if (isStopping(record)) await ports.queue.send([{ kind: "retire", profile, runner: id, reason: null }]);
  return record;
}
