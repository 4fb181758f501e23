/** Puts right what a profile's records show to be out of step (see `core/level.ts`). Every write checks for itself. */
import { findRepairs, type Pressure } from "../core/level";
import type { Job, ProfileView } from "../core/model";
import type { Ports } from "../core/ports";
import { applyToJob } from "./moves";
import { settleAttempt } from "./settle-attempt";

/** Answers whether a job changed, so that what was read of the profile no longer holds. */
export async function repairLevel(view: ProfileView, pressure: Pressure, ports: Ports): Promise<boolean> {
  const { retire, lost, unclaimed } = findRepairs(view, pressure);
  const { profile } = view.planner;
  if (retire.length > 0)
    await ports.queue.send(retire.map(({ id }) => ({ kind: "retire", profile, runner: id, reason: null })));
  let changed = false;
  for (const job of lost) {
    ports.log.warn("job found without its runner", { job: job.key, runner: job.runner, profile });
    const outcome = { exitCode: null, reason: "agent-lost", detail: null } as const;
    const after = await settleAttempt(job, { runner: job.runner ?? "", outcome }, ports);
    changed ||= after.version !== job.version;
  }
  for (const job of unclaimed) changed = (await unclaim(job, profile, ports)) || changed;
  return changed;
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
