/**
 * The one way a record changes: read, decide by the table, write on the version that was read, and again when somebody
 * else was faster. A move the table does not know is late or doubled, and is logged and dropped.
 */
import { isForges } from "../core/api-source";
import { moveJob, type JobMove } from "../core/job-moves";
import { jobIds, runnerIds } from "../core/log-ids";
import type { FleetRecord, Job, JobKey, PlannerRecord, ProfileView, Runner } from "../core/model";
import type { Message, Ports, Written } from "../core/ports";
import { measureJob } from "./measure-job";
import { moveRunner, type RunnerMove, type RunnerTimes } from "../core/runner-moves";
import type { ProfileSettings } from "../core/settings";

export function profileOf(ports: Ports, name: string | null): ProfileSettings | null {
  return ports.settings().profiles.find((profile) => profile.name === name) ?? null;
}

export function runnerTimes(ports: Ports, profile: string): RunnerTimes {
  return { profile: profileOf(ports, profile), silenceMs: ports.settings().lease.durationMs };
}

/** What a decision makes of the record as it stands; `undefined` leaves it. */
type Decide<T> = (current: T) => T | undefined;

/** Writes `decide(current)` until it is written or nothing is left to write. Answers the record as it stands then. */
export async function settle<T extends { readonly version: number }>(
  first: T,
  decide: Decide<T>,
  save: (next: T) => Promise<Written<T>>,
): Promise<{ readonly record: T; readonly before: T; readonly changed: boolean }> {
  let before = first;
  for (;;) {
    const next = decide(before);
    if (next === undefined) return { record: before, before, changed: false };
    const outcome = await save(next);
    if (outcome.written) return { record: outcome.record, before, changed: true };
    if (outcome.current === undefined) return { record: before, before, changed: false };
    before = outcome.current;
  }
}

/** Moves a job and does what follows from it. Answers the job as it stands, and whether this call moved it. */
export async function applyToJob(
  job: Job,
  decide: (current: Job) => JobMove | undefined,
  ports: Ports,
): Promise<{ readonly job: Job; readonly moved: boolean }> {
  let follow: readonly Message[] = [];
  const { record, changed } = await settle(
    job,
    (current) => {
      const move = decide(current);
      const moved = move && moveJob(current, move, profileOf(ports, current.profile));
      follow = moved === undefined ? [] : messagesAfter(current, moved.effects);
      return moved?.job;
    },
    (next) => ports.ledger.saveJob(next),
  );
  if (!changed) return { job: record, moved: false };
  const { state, attempt, reason } = record;
  ports.log.info("job moved", { ...jobIds(record), state, attempt, reason });
  measureJob(record, ports);
  if (follow.length > 0) await ports.queue.send(follow);
  return { job: record, moved: true };
}

function messagesAfter(before: Job, effects: readonly string[]): readonly Message[] {
  if (before.profile === null) return [];
  const messages: Message[] = [];
  // A forge's agent leaves by itself, and says so; one that does not is found by the sweep.
  if (effects.includes("retire") && before.runner !== null && before.bound && !isForges(before))
    messages.push({ kind: "retire", profile: before.profile, runner: before.runner, reason: null });
  if (effects.includes("plan")) messages.push({ kind: "plan", profile: before.profile });
  return messages;
}

/** Moves a runner; terminating its machine is left to the caller, planning is asked for. */
export async function applyToRunner(
  runner: Runner,
  decide: (current: Runner) => RunnerMove | undefined,
  ports: Ports,
): Promise<{ readonly runner: Runner; readonly before: Runner; readonly moved: boolean }> {
  let plan = false;
  const { record, before, changed } = await settle(
    runner,
    (current) => {
      const move = decide(current);
      const moved = move && moveRunner(current, move, runnerTimes(ports, current.profile));
      plan = moved?.effects.includes("plan") ?? false;
      return moved?.runner;
    },
    (next) => ports.ledger.saveRunner(next),
  );
  if (!changed) return { runner: record, before, moved: false };
  const { profile, state, reason } = record;
  ports.log.info("runner moved", { ...runnerIds(record), state, reason });
  if (plan) await ports.queue.send([{ kind: "plan", profile }]);
  return { runner: record, before, moved: true };
}

export async function updatePlanner(
  record: PlannerRecord,
  change: (current: PlannerRecord) => Partial<PlannerRecord> | undefined,
  ports: Ports,
): Promise<PlannerRecord> {
  const decide: Decide<PlannerRecord> = (current) => {
    const patch = change(current);
    return patch && { ...current, ...patch, version: current.version + 1 };
  };
  return (await settle(record, decide, (next) => ports.ledger.savePlanner(next))).record;
}

export async function updateFleet(
  change: (current: FleetRecord) => Partial<FleetRecord> | undefined,
  ports: Ports,
): Promise<FleetRecord> {
  const decide: Decide<FleetRecord> = (current) => {
    const patch = change(current);
    return patch && { ...current, ...patch, version: current.version + 1 };
  };
  return (await settle(await ports.ledger.readFleet(), decide, (next) => ports.ledger.saveFleet(next))).record;
}

/** Names of every profile that has records, or may have: configured now, or once. */
export async function allProfiles(ports: Ports): Promise<readonly string[]> {
  const configured = ports.settings().profiles.map((profile) => profile.name);
  return [...new Set([...configured, ...(await ports.ledger.listProfiles())])];
}

/** What stands in all of them. */
export async function allViews(ports: Ports): Promise<readonly ProfileView[]> {
  return Promise.all((await allProfiles(ports)).map((profile) => ports.ledger.readProfile(profile)));
}

/** A job believed to be in `profile`, wherever it turns out to be. */
export async function findJob(key: JobKey, profile: string | null, ports: Ports): Promise<Job | undefined> {
  return (await ports.ledger.readJob(key, profile)) ?? (await ports.ledger.readJob(key));
}
