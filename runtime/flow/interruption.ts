/**
 * A compute takes a machine back. Its runner takes no further job, whoever waits for its job is told, and the job is run
 * again where its profile says so: one of ours at once, a forge's when its workflow run has ended.
 */
import { interruptionMs } from "../core/agent-protocol";
import { isForges } from "../core/api-source";
import { OnejobError } from "../core/errors";
import {
  cancelNote,
  hasRerunsLeft,
  isInterruptedThere,
  isToldOfIt,
  noteMs,
  rerunNote,
  runsAgain,
} from "../core/interruption";
import { isGone, isStopping } from "../core/lifecycle";
import { runnerIds } from "../core/log-ids";
import type { JobFacts } from "../core/events";
import type { Job, Runner } from "../core/model";
import type { Ports } from "../core/ports";
import type { ReasonCode } from "../core/reasons";
import { takenAway } from "../core/runner-moves";
import { checkRunner } from "./check-runner";
import { drainRunner } from "./drain";
import { applyToJob, findJob, profileOf, settle } from "./moves";

export interface Warning {
  readonly profile: string;
  readonly runner: string;
  /** `rebalance`: it is only more likely to be taken; `taken`: that is over, and nobody had said so. */
  readonly of: "interruption" | "rebalance" | "taken";
  /** Of which that was said. @default whichever the runner has */
  readonly machine?: string;
}

export async function warnRunner(warning: Warning, ports: Ports): Promise<void> {
  const { profile, runner: id, of, machine } = warning;
  const runner = await ports.ledger.readRunner(profile, id);
  if (runner === undefined || isGone(runner.state)) return;
  if (machine !== undefined && machine !== runner.machine) return;
  if (of === "rebalance") await drainRunner(runner, ports);
  else await interruptRunner(runner, ports);
  if (of === "taken") await checkRunner(warning, ports);
}

/** So much an agent leaves to a job. */
const usualLeftMs = interruptionMs.notice - interruptionMs.last;

/** Called again it does no harm. `leftMs`: until its job is stopped. Answers the runner as it stands then. */
export async function interruptRunner(
  runner: Runner,
  ports: Ports,
  { leftMs = usualLeftMs }: { readonly leftMs?: number } = {},
): Promise<Runner> {
  const { id, profile } = runner;
  ports.log.warn("machine is being taken away", runnerIds(runner));
  // When the notice was given, wherever it was on its way so long.
  const at = ports.clock.now() - Math.max(0, usualLeftMs - leftMs);
  const isKnown = ({ interruptedAt }: Runner): boolean => interruptedAt !== undefined && interruptedAt <= at;
  const { record } = await settle(
    runner,
    (current) => (isKnown(current) || isLeft(current) ? undefined : takenAway(current, at)),
    (next) => ports.ledger.saveRunner(next),
  );
  const job = record.job === null ? undefined : await findJob(record.job, record.profile, ports);
  if (job !== undefined) await tellJob(job, record, ports);
  await ports.queue.send([{ kind: "retire", profile, runner: id, reason: "interrupted" }]);
  return record;
}

/** Why a machine was lost: where its end was announced, because of that. */
export function lostBy({ interruptedAt }: Runner, reason: ReasonCode): ReasonCode {
  return interruptedAt === undefined ? reason : "interrupted";
}

/** Whatever it had came to its end before. */
function isLeft(runner: Runner): boolean {
  return isGone(runner.state) || isStopping(runner);
}

/** Whose machine is being taken away. `runner`: the one that has it. */
export async function tellJob(job: Job, runner: Runner, ports: Ports): Promise<void> {
  const { interruptedAt: at } = runner;
  if (at === undefined) return;
  const isConcerned = (current: Job): boolean => current.bound && current.runner === runner.id && !isToldOfIt(current);
  await applyToJob(job, (current) => (isConcerned(current) ? { event: "interrupted", at } : undefined), ports);
}

/**
 * Asked for before its end is written, as nobody comes back to a job that is over; and again whenever word of it comes.
 */
export async function runAgain(job: Job, ports: Ports): Promise<void> {
  if (!isForges(job) || !runsAgain(profileOf(ports, job.profile)) || !hasRerunsLeft(job)) return;
  if ((await ports.ledger.readNote(cancelNote(job.key))) !== undefined) return;
  await ports.queue.send([{ kind: "rerun", job: job.key, profile: job.profile, of: "interruption" }]);
}

/**
 * Has its forge run a job again by `ask`: as another job, that must be known when it comes. Once only: asked a second
 * time, a forge would have us wait until the new one has ended.
 */
export async function rerunOnce<T extends string>(job: Job, ask: () => Promise<T>, ports: Ports): Promise<T | "done"> {
  const note = isInterruptedThere(job) ? rerunNote(job) : undefined;
  if (note === undefined) return ask();
  const asked = `rerun/${job.key}`;
  if ((await ports.ledger.readNote(asked)) !== undefined) return "done";
  await noteLoss(note, (job.losses ?? 0) + 1, ports);
  const answer = await ask();
  if (answer === "asked") await ports.ledger.remember(asked, answer, ports.clock.now() + noteMs);
  return answer;
}

/** Of two jobs of one name the more unlucky one is counted. Throws `conflict` when both are noted at once. */
async function noteLoss(name: string, losses: number, ports: Ports): Promise<void> {
  const standing = await ports.ledger.readNote(name);
  if (Number(standing?.value ?? 0) >= losses) return;
  const version = (standing?.version ?? 0) + 1;
  const expiresAt = ports.clock.now() + noteMs;
  const { written } = await ports.ledger.saveNote({ name, value: String(losses), version, expiresAt });
  if (!written) throw new OnejobError("conflict", `${name} is being noted by somebody else`);
}

/** What a job has behind it that is run again there, and what it insists on for that. */
export async function pastOf(facts: JobFacts, ports: Ports): Promise<Pick<Job, "market" | "losses">> {
  const note = (facts.origin?.attempt ?? 1) > 1 ? rerunNote(facts) : undefined;
  const noted = note === undefined ? undefined : await ports.ledger.readNote(note);
  return noted === undefined ? {} : { market: "on-demand", losses: Number(noted.value) };
}
