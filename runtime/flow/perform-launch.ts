/**
 * One launch, from the stored request to written runners. Safe to repeat at any point: the compute knows each runner
 * by name, runners are created once, and a job is claimed only while it still waits.
 */
import { isGone } from "../core/lifecycle";
import { launchIds, runnerIds } from "../core/log-ids";
import type { Failure } from "../core/planning";
import {
  reachKey,
  type Instant,
  type JobKey,
  type Launch,
  type LaunchSlot,
  type Reach,
  type ProfileView,
  type Runner,
} from "../core/model";
import type { Compute, LaunchRequest, MachineOutcome, Ports } from "../core/ports";
import { newRunner } from "../core/runner-moves";
import { runnerSubject } from "../core/subject";
import { applyToJob, findJob, profileOf } from "./moves";
import { blockReach, sourceFailure } from "./reach-state";

/** A launch that gets no answer so often is not made again: what it has made is looked up, and counts. */
const mostReplays = 3;
/** How long a launch may be without an answer before it is made again. */
const answerMs = 30_000;
/** How long the last call of it may still take effect, also when whoever made it was paused on the way. */
const lastAnswerMs = 2 * 60_000;

/** What is said of a launch that nobody has answered. */
export const noAnswer = { reason: "no-capacity", detail: "the compute gave no answer" } as const;

/** Until when a launch that has been repeated so often may take. */
export function launchDeadline(replays: number, now: Instant): Instant {
  return now + (replays === mostReplays ? lastAnswerMs : answerMs);
}

interface Made {
  readonly compute: string;
  readonly launchingAt: Instant;
  readonly launchedAt: Instant;
  readonly bootMs: number;
}

export interface LaunchResult {
  readonly launch: string;
  /** No answer: what is not written of it stays in the planner record, and is replayed once overdue. Empty: closed. */
  readonly open: readonly LaunchSlot[];
  readonly reach: Reach;
  /** What holds its reach back from now on; `null`: nothing. */
  readonly failure: Failure | null;
}

/** `view`: what was read before; every write checks for itself. `undefined`: somebody else has closed it. */
export async function performLaunch(
  launch: Launch,
  view: ProfileView,
  ports: Ports,
): Promise<LaunchResult | undefined> {
  const { id, reach } = launch;
  const closed = (failure: Failure | null): LaunchResult => ({ launch: id, reach, open: [], failure });
  const profile = profileOf(ports, launch.profile);
  const compute = profile && ports.compute(profile.compute.kind);
  if (!profile || !compute) return closed({ reason: "misconfigured", detail: "its profile is gone" });
  const launchingAt = ports.clock.now();
  const { replays, market } = launch;
  ports.log.info("launch begins", { ...launchIds(launch), replays, market });
  let { slots } = launch;
  try {
    slots = await unwritten(launch, ports);
    const outcomes = await outcomesOf(launch, { slots, compute }, ports);
    if (await isClosed(launch, ports)) return void (await endUncounted(outcomes, { launch, compute }, ports));
    const { bootMs } = profile.timeouts;
    const made = { compute: compute.kind, launchingAt, launchedAt: ports.clock.now(), bootMs };
    await Promise.all(outcomes.map((outcome) => writeOutcome(outcome, { launch, made, view }, ports)));
    const refused = outcomes.find((outcome) => outcome.outcome !== "launched");
    return closed(refused === undefined ? null : failureIn(refused));
  } catch (error) {
    ports.log.warn("launch stays open", { ...launchIds(launch), replays, error });
    return { launch: id, reach, open: slots, failure: error instanceof NoAnswer ? noAnswer : null };
  }
}

function failureIn({ outcome, detail, retryAt }: Refused): Failure {
  return { reason: outcome, detail, ...(retryAt === undefined ? {} : { retryAt }) };
}

/** The compute failed, not one of ours. */
class NoAnswer extends Error {
  constructor(cause: unknown) {
    super(noAnswer.detail, { cause });
    this.name = "NoAnswer";
  }
}

type Refused = Exclude<MachineOutcome, { readonly outcome: "launched" }>;

interface Asked {
  readonly slots: readonly LaunchSlot[];
  readonly compute: Compute;
}

/** Given up is only what is surely not there: else its machines would be in no count, and a cap would not hold. */
async function outcomesOf(launch: Launch, { slots, compute }: Asked, ports: Ports): Promise<readonly MachineOutcome[]> {
  if (slots.length === 0) return [];
  if (launch.replays <= mostReplays) return heardFrom(compute.launch(requestOf(launch, slots, ports)));
  const machines = new Map((await heardFrom(compute.list())).map(({ runner, machine }) => [runner, machine]));
  return slots.map(({ runner }) => {
    const machine = machines.get(runner);
    if (machine !== undefined) return { runner, outcome: "launched", machine };
    return { runner, outcome: noAnswer.reason, detail: noAnswer.detail };
  });
}

function heardFrom<T>(answer: Promise<T>): Promise<T> {
  return answer.catch((error: unknown) => {
    throw new NoAnswer(error);
  });
}

/** Its answer came so late that somebody else has closed it: by a replay that succeeded, or by giving it up. */
async function isClosed(launch: Launch, ports: Ports): Promise<boolean> {
  if (ports.clock.now() < launch.deadlineAt) return false;
  const { launches } = await ports.ledger.readPlanner(launch.profile);
  return !launches.some((open) => open.id === launch.id);
}

/** Machines whose runner a replay has not written are in no count any more. */
async function endUncounted(
  outcomes: readonly MachineOutcome[],
  { launch, compute }: { readonly launch: Launch; readonly compute: Compute },
  ports: Ports,
): Promise<void> {
  for (const outcome of outcomes) {
    if (outcome.outcome !== "launched") continue;
    const written = await ports.ledger.readRunner(launch.profile, outcome.runner);
    if (written !== undefined && !isGone(written.state)) continue;
    const { runner, machine } = outcome;
    ports.log.warn("machine of a closed launch is ended", {
      launch: launch.id,
      profile: launch.profile,
      runner,
      machine,
    });
    await compute.terminate([machine]);
  }
}

/** Slots whose runner is not in the ledger; the others are done, whatever became of them since. */
async function unwritten(launch: Launch, ports: Ports): Promise<readonly LaunchSlot[]> {
  if (launch.replays === 0 && launch.deadlineAt > ports.clock.now()) return launch.slots;
  const runners = await Promise.all(launch.slots.map((slot) => ports.ledger.readRunner(launch.profile, slot.runner)));
  return launch.slots.filter((_, index) => runners[index] === undefined);
}

function requestOf(launch: Launch, slots: readonly LaunchSlot[], ports: Ports): LaunchRequest {
  const tokenOf = (runner: string) => ports.tokens.mint("boot", runnerSubject(launch, runner));
  const machines = slots.map(({ runner }) => ({ runner, bootToken: tokenOf(runner) }));
  const { id, token, profile, market, replays } = launch;
  const repeated = replays > 0 ? { repeated: true } : {};
  return { launch: id, token, profile, machines, ...(market ? { market } : {}), ...repeated };
}

interface Scene {
  readonly launch: Launch;
  readonly made: Made;
  readonly view: ProfileView;
}

async function writeOutcome(outcome: MachineOutcome, scene: Scene, ports: Ports): Promise<void> {
  const { launch, made } = scene;
  ports.meter.count("onejob_launches_total", { outcome: outcome.outcome });
  const slot = launch.slots.find((candidate) => candidate.runner === outcome.runner);
  if (outcome.outcome !== "launched" || slot === undefined) {
    const { runner, machine, detail } = { machine: null, detail: null, ...outcome };
    const ids = { launch: launch.id, profile: launch.profile, runner, machine, job: slot?.job ?? null };
    ports.log.warn("machine not launched", { ...ids, outcome: outcome.outcome, detail });
    return;
  }
  const runner = newRunner(launch, { ...slot, machine: outcome.machine }, made);
  // First: whoever its source knows by the name of a runner that nobody wrote down would stand there for ever.
  const created = await ports.ledger.createRunner(runner);
  if (!created.written) return;
  ports.log.info("machine launched", { ...runnerIds(runner), outcome: outcome.outcome });
  await Promise.all([
    enrol(runner, made.bootMs, ports),
    slot.job === null ? undefined : claim(slot.job, { runner: runner.id, scene }, ports),
  ]);
}

/**
 * The one-time right is made while the machine boots; failing here is repaired when the agent asks for it. Meanwhile no
 * further machine is made to wait for the same.
 */
export async function enrol(runner: Runner, bootMs: number, ports: Ports): Promise<void> {
  try {
    const enrolment = await ports.source(runner.reach.source)?.enrol(runner.reach, runner);
    if (enrolment) await ports.ledger.saveEnrolment(runner.id, enrolment, ports.clock.now() + bootMs);
  } catch (error) {
    ports.log.warn("enrolment could not be made yet", { ...runnerIds(runner), source: runner.reach.source, error });
    const failure = sourceFailure(error);
    if (failure !== undefined) await blockReach(runner, failure, ports);
  }
}

async function claim(key: JobKey, by: { readonly runner: string; readonly scene: Scene }, ports: Ports): Promise<void> {
  const { launch, made, view } = by.scene;
  const job = view.jobs.find((candidate) => candidate.key === key) ?? (await findJob(key, launch.profile, ports));
  if (job === undefined) return;
  const waitedFor = view.planner.blocked[reachKey(launch.reach)]?.reason ?? null;
  await applyToJob(job, () => ({ event: "claimed", at: made.launchedAt, runner: by.runner, waitedFor }), ports);
}
