/**
 * One launch, from the stored request to written runners. Safe to repeat at any point: the compute knows each runner
 * by name, runners are created once, and a job is claimed only while it still waits.
 */
import { backOff } from "../core/planning";
import {
  reachKey,
  type Blocked,
  type Instant,
  type Launch,
  type LaunchSlot,
  type PlannerRecord,
  type ProfileView,
  type Runner,
} from "../core/model";
import type { Compute, MachineOutcome, Ports } from "../core/ports";
import type { ReasonCode } from "../core/reasons";
import { newRunner } from "../core/runner-moves";
import { applyToJob, findJob, profileOf } from "./moves";

/** A launch that gets no answer so often is given up; machines it may have made are found by the sweep. */
const replaysToGiveUp = 3;

export interface LaunchResult {
  readonly launch: string;
  /** What to write beside its removal. */
  readonly blocked: Readonly<Record<string, Blocked>>;
}

/** `undefined`: no answer; it stays in the planner record and is replayed once overdue. */
export async function performLaunch(
  launch: Launch,
  known: { readonly before: PlannerRecord; readonly view: ProfileView },
  ports: Ports,
): Promise<LaunchResult | undefined> {
  const profile = profileOf(ports, launch.profile);
  const compute = profile && ports.compute(profile.compute.kind);
  if (!profile || !compute) return failed(launch, { reason: "misconfigured", detail: "its profile is gone" }, known, ports);
  const launchingAt = ports.clock.now();
  try {
    const slots = await unwritten(launch, ports);
    const outcomes = slots.length === 0 ? [] : await compute.launch(requestOf(launch, slots, ports));
    const made = { compute: compute.kind, launchingAt, launchedAt: ports.clock.now(), bootMs: profile.timeouts.bootMs };
    await Promise.all(outcomes.map((outcome) => writeOutcome(launch, outcome, made, known.view, ports)));
    const failure = outcomes.find((outcome) => outcome.outcome !== "launched");
    if (failure === undefined) return { launch: launch.id, blocked: {} };
    return await failed(launch, { reason: failure.outcome, detail: failure.detail }, known, ports);
  } catch (error) {
    ports.log.warn("launch got no answer", { launch: launch.id, profile: launch.profile, error });
    if (launch.replays < replaysToGiveUp) return undefined;
    return failed(launch, { reason: "no-capacity", detail: "the compute gave no answer" }, known, ports);
  }
}

/** Slots whose runner is not in the ledger; the others are done, whatever became of them since. */
async function unwritten(launch: Launch, ports: Ports): Promise<readonly LaunchSlot[]> {
  if (launch.replays === 0 && launch.state === "requested" && launch.deadlineAt > ports.clock.now()) return launch.slots;
  const runners = await Promise.all(launch.slots.map((slot) => ports.ledger.readRunner(launch.profile, slot.runner)));
  return launch.slots.filter((_, index) => runners[index] === undefined);
}

function requestOf(launch: Launch, slots: readonly LaunchSlot[], ports: Ports): Parameters<Compute["launch"]>[0] {
  const machines = slots.map(({ runner }) => ({ runner, bootToken: ports.tokens.mint("boot", runnerSubject(launch, runner)) }));
  return { launch: launch.id, token: launch.token, profile: launch.profile, machines };
}

/** Tokens name profile and runner, so that an agent's record is found by one read. */
export function runnerSubject(place: { readonly profile: string }, runner: string): string {
  return `${place.profile}/${runner}`;
}

async function writeOutcome(
  launch: Launch,
  outcome: MachineOutcome,
  made: { compute: string; launchingAt: Instant; launchedAt: Instant; bootMs: number },
  view: ProfileView,
  ports: Ports,
): Promise<void> {
  ports.meter.count("onejob_launches_total", { outcome: outcome.outcome });
  const slot = launch.slots.find((candidate) => candidate.runner === outcome.runner);
  if (outcome.outcome !== "launched" || slot === undefined) {
    ports.log.warn("machine not launched", { launch: launch.id, runner: outcome.runner, outcome: outcome.outcome });
    return;
  }
  const runner = newRunner(launch, { runner: slot.runner, machine: outcome.machine }, made);
  const source = ports.source(launch.reach.source);
  const [created] = await Promise.all([ports.ledger.createRunner(runner), source && enrol(runner, made.bootMs, ports)]);
  if (!created.written) return;
  ports.log.info("machine launched", { launch: launch.id, runner: runner.id, profile: launch.profile, job: slot.job });
  if (slot.job !== null) await claim(launch, slot.job, { runner: slot.runner, at: made.launchedAt, view }, ports);
}

/** The one-time right is made while the machine boots; failing here is repaired when the agent asks for it. */
export async function enrol(runner: Runner, bootMs: number, ports: Ports): Promise<void> {
  try {
    const enrolment = await ports.source(runner.reach.source)?.enrol(runner.reach, runner);
    if (enrolment) await ports.ledger.saveEnrolment(runner.id, enrolment, ports.clock.now() + bootMs);
  } catch (error) {
    ports.log.warn("enrolment could not be made yet", { runner: runner.id, source: runner.reach.source, error });
  }
}

async function claim(
  launch: Launch,
  key: string,
  by: { readonly runner: string; readonly at: Instant; readonly view: ProfileView },
  ports: Ports,
): Promise<void> {
  const job = by.view.jobs.find((candidate) => candidate.key === key) ?? (await findJob(key, launch.profile, ports));
  if (job === undefined) return;
  const waitedFor = by.view.planner.blocked[reachKey(launch.reach)]?.reason ?? null;
  await applyToJob(job, () => ({ event: "claimed", at: by.at, runner: by.runner, waitedFor }), ports);
}

async function failed(
  launch: Launch,
  failure: { readonly reason: ReasonCode; readonly detail: string | null },
  known: { readonly before: PlannerRecord },
  ports: Ports,
): Promise<LaunchResult> {
  const key = reachKey(launch.reach);
  const at = { now: ports.clock.now(), jitter: ports.random.fraction() };
  return { launch: launch.id, blocked: { [key]: backOff(known.before.blocked[key], failure, at) } };
}
