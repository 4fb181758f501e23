/** Drain: no new runners; the idle leave, the busy finish (or, with `now`, are cancelled). */
import { isServed } from "../core/holding";
import { isGone } from "../core/lifecycle";
import { jobIds } from "../core/log-ids";
import type { Runner } from "../core/model";
import type { Ports } from "../core/ports";
import { cancelJob } from "./cancel-job";
import { EachAlone } from "./each-alone";
import { allProfiles, settle, updateFleet } from "./moves";

export async function drainFleet(how: { readonly now: boolean }, ports: Ports): Promise<void> {
  await updateFleet((fleet) => (fleet.draining ? undefined : { draining: true }), ports);
  const alone = new EachAlone(ports.log);
  for (const profile of await ports.ledger.listProfiles()) {
    const { runners, jobs } = await ports.ledger.readProfile(profile);
    for (const runner of runners) await drainRunner(runner, ports);
    if (!how.now) continue;
    // Also those a runner is about to take.
    const taken = new Set(runners.map((runner) => runner.job));
    const begun = jobs.filter((job) => isServed(job) || taken.has(job.key));
    await alone.run(begun, async (job) => void (await cancelJob(job, ports)), jobIds);
  }
  alone.done("cancelling what runs");
}

export async function resumeFleet(ports: Ports): Promise<void> {
  await updateFleet((fleet) => (fleet.draining ? { draining: false } : undefined), ports);
  const profiles = await allProfiles(ports);
  await ports.queue.send(profiles.map((profile) => ({ kind: "plan", profile })));
}

/** It takes no job any more, and leaves as soon as it holds none. */
export async function drainRunner(runner: Runner, ports: Ports): Promise<Runner> {
  const { record } = await settle(
    runner,
    (current) =>
      current.draining || isGone(current.state)
        ? undefined
        : { ...current, draining: true, version: current.version + 1 },
    (next) => ports.ledger.saveRunner(next),
  );
  await ports.queue.send([{ kind: "retire", profile: record.profile, runner: record.id, reason: null }]);
  return record;
}
