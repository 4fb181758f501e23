/** A job whose time in its present state is over: ended, or given more where only a word is late. */
import { isForges } from "../core/api-source";
import { givenTime, wasGivenTime } from "../core/job-moves";
import { isGone, isListening, isUnderWay } from "../core/lifecycle";
import { jobIds } from "../core/log-ids";
import type { Instant, Job, Runner } from "../core/model";
import type { DueItem, Ports } from "../core/ports";
import { wereAway } from "./away";
import { findRunnerById } from "./bind-runner";
import { lookAtJob } from "./look-at-job";
import { applyToJob, findJob, profileOf } from "./moves";
import { loseRunner } from "./retire-runner";

/** How long a forge's job whose runner is gone stays until the forge is asked again. */
export const longestWaitMs = 60_000;
/** For jobs whose profile is not configured any more, so that they end as well. */
const withoutProfileMs = 24 * 3_600_000;

/** Answers what was repaired. */
export async function expireJob(item: DueItem & { kind: "job" }, ports: Ports): Promise<string | undefined> {
  const now = ports.clock.now();
  const job = await findJob(item.key, item.profile, ports);
  if (job === undefined || !isDue(job, now)) return undefined;
  if (job.bound && !isUnderWay(job)) return loseUnready(job, ports);
  if (await isOnlyUntold(job, ports)) return "looked-at";
  const until = measuredByItsAgent(job, ports);
  if (until !== undefined) return void (await ports.ledger.saveJob(givenTime(job, until)));
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

/** We were away, and our clock may have jumped: the agent measures its job's time itself, from its beginning. Once. */
function measuredByItsAgent(job: Job, ports: Ports): Instant | undefined {
  const { deadlineAt, startedAt, cancelRequestedAt } = job;
  if (deadlineAt === null || startedAt === null || cancelRequestedAt !== null) return undefined;
  const isAgents = isUnderWay(job) && !isForges(job);
  if (!isAgents || !wereAway(job, ports) || wasGivenTime(job, profileOf(ports, job.profile))) return undefined;
  return ports.clock.now() + deadlineAt - startedAt;
}

/**
 * Its runner took it and does not get ready. When we come much too late ourselves (the machine slept), only its word may
 * be missing: then it gets time to say it.
 */
async function loseUnready(job: Job, ports: Ports): Promise<string | undefined> {
  const now = ports.clock.now();
  const { durationMs } = ports.settings().lease;
  if (wereAway(job, ports)) {
    await ports.ledger.saveJob(givenTime(job, now + durationMs));
    return undefined;
  }
  const runner = await ports.ledger.readRunner(job.profile ?? "", job.runner ?? "");
  if (runner === undefined) return undefined;
  const still = (current: Runner) => current.version === runner.version && isListening(current);
  return (await loseRunner(runner, { reason: "boot-timeout", still }, ports)) ? "boot-timeout" : undefined;
}

/**
 * A forge's job that runs on no machine of ours (any more) ends when the forge says so: it is asked. Only past its own
 * time, or when the forge does not know it any more, it is ended here.
 */
async function isOnlyUntold(job: Job, ports: Ports): Promise<boolean> {
  if (!isUnderWay(job) || !isForges(job)) return false;
  const runner = job.runner === null ? undefined : await findRunnerById(job.runner, job.profile, ports);
  if (runner !== undefined && !isGone(runner.state)) return false;
  await lookAtJob({ job: job.key, profile: job.profile }, ports).catch((error: unknown) =>
    ports.log.warn("the source cannot say how a job ended, it is asked again", { ...jobIds(job), error }),
  );
  const current = await findJob(job.key, job.profile, ports);
  if (current === undefined || !isUnderWay(current)) return true;
  const now = ports.clock.now();
  const limitMs = profileOf(ports, job.profile)?.timeouts.jobMs ?? withoutProfileMs;
  if (now > (job.startedAt ?? now) + limitMs) return false;
  await ports.ledger.saveJob(givenTime(current, now + longestWaitMs));
  return true;
}

export function isDue(record: { readonly deadlineAt: Instant | null }, now: Instant): boolean {
  return record.deadlineAt !== null && record.deadlineAt <= now;
}
