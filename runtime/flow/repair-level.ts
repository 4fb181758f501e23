/** Puts right what a profile's records show to be out of step (see `core/level.ts`). Every write checks for itself. */
import { isForges } from "../core/api-source";
import { isGone } from "../core/lifecycle";
import { findRepairs, type Pressure } from "../core/level";
import { givenTime } from "../core/job-moves";
import { jobIds } from "../core/log-ids";
import type { Job, ProfileView, Runner } from "../core/model";
import type { Ports } from "../core/ports";
import { bindRunner, findRunnerById } from "./bind-runner";
import { applyToJob } from "./moves";
import { lostBy } from "./interruption";
import { longestWaitMs } from "./overdue-job";
import { settleAttempt } from "./settle-attempt";

/** Answers whether a job changed, so that what was read of the profile no longer holds. */
export async function repairLevel(view: ProfileView, pressure: Pressure, ports: Ports): Promise<boolean> {
  const { retire, lost, unnamed, unclaimed, reclaimed } = findRepairs(view, pressure);
  const { profile } = view.planner;
  if (retire.length > 0)
    await ports.queue.send(retire.map(({ id }) => ({ kind: "retire", profile, runner: id, reason: null })));
  let changed = unnamed.length > 0;
  for (const { job, runner } of unnamed) await nameRunner(runner, job, ports);
  for (const job of lost) changed = (await settleLost(job, ports)) || changed;
  for (const job of unclaimed) changed = (await unclaim(job, profile, ports)) || changed;
  for (const { job, runner } of reclaimed) changed = (await reclaim(job, runner, ports)) || changed;
  return changed;
}

/** How long a forge may take to tell how a job ended whose runner is gone; then it is asked. */
const wordDueMs = 10_000;

async function settleLost(job: Job, ports: Ports): Promise<boolean> {
  if (isForges(job)) {
    const runner = await findRunnerById(job.runner ?? "", job.profile, ports);
    if (runner !== undefined && !isGone(runner.state)) {
      // A runner of another profile took it, and that is written on one side only.
      if (runner.job === null) await nameRunner(runner, job, ports);
      return false;
    }
    const by = ports.clock.now() + wordDueMs;
    // The sweep looks at it then, and gives it more time when the forge knows no more than we do.
    if (job.deadlineAt !== null && job.deadlineAt > by + longestWaitMs) await ports.ledger.saveJob(givenTime(job, by));
    return false;
  }
  ports.log.warn("job found without its runner", jobIds(job));
  const runner = await ports.ledger.readRunner(job.profile ?? "", job.runner ?? "");
  const reason = runner === undefined ? "agent-lost" : lostBy(runner, "agent-lost");
  const outcome = { exitCode: null, reason, detail: null };
  const after = await settleAttempt(job, { runner: job.runner ?? "", outcome }, ports);
  return after.version !== job.version;
}

function nameRunner(runner: Runner, job: Job, ports: Ports): Promise<Runner> {
  return bindRunner(runner, { job, at: job.startedAt ?? ports.clock.now() }, ports);
}

async function reclaim(job: Job, runner: Runner, ports: Ports): Promise<boolean> {
  const at = ports.clock.now();
  const { moved } = await applyToJob(
    job,
    (current) =>
      current.version === job.version ? { event: "claimed", at, runner: runner.id, waitedFor: null } : undefined,
    ports,
  );
  return moved;
}

/** The reason is on the record of the runner that did not come, as long as that is kept. */
async function unclaim(job: Job, profile: string, ports: Ports): Promise<boolean> {
  const expected = job.runner;
  if (expected === null) return false;
  const reason = (await ports.ledger.readRunner(profile, expected))?.reason ?? "interrupted";
  const at = ports.clock.now();
  const { moved } = await applyToJob(
    job,
    (current) =>
      current.runner === expected && !current.bound ? { event: "unclaimed", at, reason, detail: null } : undefined,
    ports,
  );
  return moved;
}
