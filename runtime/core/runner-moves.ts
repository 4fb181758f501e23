/** How a runner record changes with each move of its lifecycle. Pure: the caller writes the result, or drops it. */
import { runnerStep, runnerTraits, type RunnerEffect } from "./lifecycle";
import {
  runnerName,
  type Instant,
  type JobKey,
  type Launch,
  type LaunchSlot,
  type Runner,
  type TimelineEntry,
} from "./model";
import type { ReasonCode } from "./reasons";
import type { ProfileSettings } from "./settings";

/** How long a termination may take before the sweep asks again. */
const stopRetryMs = 30_000;

export type RunnerMove = { readonly at: Instant } & (
  | { readonly event: "listening" | "terminated" }
  /** `job`: what it took, where that is known by now. */
  | { readonly event: "started"; readonly job?: JobKey; readonly attempt?: number }
  | { readonly event: "finished"; readonly reason?: ReasonCode | null }
  | { readonly event: "retired" | "expired" | "vanished"; readonly reason: ReasonCode | null }
);

export interface RunnerTimes {
  readonly profile: ProfileSettings | null;
  /** `lease.duration`: a running agent silent for longer is looked after. */
  readonly silenceMs: number;
}

export interface MovedRunner {
  readonly runner: Runner;
  readonly effects: readonly RunnerEffect[];
}

/** The runner of one slot of a launch, as it is first written: its machine was made, its agent has not spoken yet. */
export function newRunner(
  launch: Launch,
  slot: LaunchSlot & { readonly machine: string },
  made: {
    readonly compute: string;
    readonly launchingAt: Instant;
    readonly launchedAt: Instant;
    readonly bootMs: number;
  },
): Runner {
  const attempt = 1;
  return {
    id: slot.runner,
    name: runnerName(slot.runner),
    profile: launch.profile,
    compute: made.compute,
    launch: launch.id,
    machine: slot.machine,
    reach: launch.reach,
    state: "booting",
    meantFor: slot.job,
    reason: null,
    job: null,
    attempt: 0,
    logBase: 0,
    nonce: null,
    handle: null,
    askedAt: null,
    releasedAt: null,
    draining: false,
    createdAt: made.launchedAt,
    deadlineAt: made.launchedAt + made.bootMs,
    lastHeartbeatAt: null,
    stages: [
      { at: launch.claimedAt, stage: "claimed", attempt },
      { at: made.launchingAt, stage: "launching", attempt },
      { at: made.launchedAt, stage: "launched", attempt },
    ],
    version: 1,
  };
}

/** When its agent said so; `undefined`: not yet. */
export function listeningSince({ stages }: Pick<Runner, "stages">): Instant | undefined {
  return stages.find(({ stage }) => stage === "listening")?.at;
}

/** The runner after `move`, or `undefined` when the move is late or doubled. */
export function moveRunner(runner: Runner, move: RunnerMove, times: RunnerTimes): MovedRunner | undefined {
  const step = runnerStep(runner.state, move.event);
  if (step === undefined) return undefined;
  const stamp: readonly TimelineEntry[] =
    move.event === "listening" ? [{ at: move.at, stage: "listening", attempt: 1 }] : [];
  const moved: Runner = {
    ...runner,
    state: step.to,
    ...(move.event === "started" ? { begunAt: runner.begunAt ?? move.at } : {}),
    ...("job" in move ? { job: move.job, attempt: move.attempt ?? runner.attempt } : {}),
    releasedAt: runner.releasedAt ?? (isReleasedBy(runner, move) ? move.at : null),
    reason: runner.reason ?? ("reason" in move ? move.reason : null),
    stages: [...runner.stages, ...stamp],
    version: runner.version + 1,
  };
  return { runner: { ...moved, deadlineAt: deadlineOf(moved, move.at, times) }, effects: step.effects };
}

/** Its agent has left, or never was: nothing of it can take a job any more. */
function isReleasedBy(runner: Runner, move: RunnerMove): boolean {
  return move.event === "finished" || (move.event === "retired" && runner.nonce === null);
}

/** How long an agent that is heard of may take to install what it needs. */
export const longestPreparationMs = 15 * 60_000;

/** The runner with a new sign of life; agents that run or prepare something are trusted for another lease. */
export function heard(runner: Runner, at: Instant, times: RunnerTimes): Runner {
  const trustedUntil = at + times.silenceMs;
  const deadlineAt = isTrusted(runner) ? trustedUntil : laterDeadline(runner, trustedUntil);
  return { ...runner, lastHeartbeatAt: at, deadlineAt, version: runner.version + 1 };
}

function laterDeadline(runner: Runner, trustedUntil: Instant): Instant | null {
  if (runner.deadlineAt === null || runner.nonce === null) return runner.deadlineAt;
  if (runnerTraits[runner.state].deadline !== "boot") return runner.deadlineAt;
  return Math.max(runner.deadlineAt, Math.min(trustedUntil, runner.createdAt + longestPreparationMs));
}

/** The runner held by one agent, for good. */
export function claimedBy(
  runner: Runner,
  nonce: string,
  seen: { readonly bootedAt: Instant; readonly at: Instant },
): Runner {
  const launchedAt = runner.createdAt;
  const stages: readonly TimelineEntry[] = [
    ...runner.stages,
    { at: Math.min(Math.max(seen.bootedAt, launchedAt), seen.at), stage: "booted", attempt: 1 },
    { at: seen.at, stage: "enrolled", attempt: 1 },
  ];
  return { ...runner, nonce, stages, lastHeartbeatAt: seen.at, version: runner.version + 1 };
}

/** The runner whose agent is about to be given its right. `handle`: what the source calls it. */
export function grantedTo(runner: Runner, granted: { readonly at: Instant; readonly handle: string | null }): Runner {
  return { ...runner, grantedAt: granted.at, handle: granted.handle ?? runner.handle };
}

/** The runner set aside for a job (or freed again with `null`). */
export function reservedFor(
  runner: Runner,
  work: { readonly job: JobKey; readonly attempt: number; readonly logBase: number } | null,
  seen: RunnerTimes & { readonly at: Instant },
): Runner {
  const none = { job: null, attempt: 0, logBase: 0 };
  const reserved = { ...runner, ...(work ?? none), version: runner.version + 1 };
  return { ...reserved, deadlineAt: deadlineOf(reserved, seen.at, seen) };
}

/** The runner asked to leave; its agent confirms that it took nothing. When it does not, its deadline comes. */
export function askedToLeave(
  runner: Runner,
  asked: { readonly at: Instant; readonly byMs: number; readonly reason: ReasonCode | null },
): Runner {
  const { at, byMs, reason } = asked;
  return {
    ...runner,
    draining: true,
    askedAt: runner.askedAt ?? at,
    reason: runner.reason ?? reason,
    deadlineAt: at + byMs,
    version: runner.version + 1,
  };
}

/** The runner whose machine will be taken away: it takes no further job. */
export function takenAway(runner: Runner, at: Instant): Runner {
  return { ...runner, interruptedAt: at, draining: true, version: runner.version + 1 };
}

/** The job this runner turned out to have, though its own state said so before. */
export function foundWith(runner: Runner, work: { readonly job: JobKey; readonly attempt: number }): Runner {
  return { ...runner, ...work, version: runner.version + 1 };
}

/** The runner that runs nothing of what waits here. */
export function foundNameless(runner: Runner, at: Instant): Runner {
  return { ...runner, namelessAt: at, version: runner.version + 1 };
}

/** It has a job, or is about to: as long as its agent is heard of, it may go on. */
function isTrusted(runner: Runner): boolean {
  const { deadline } = runnerTraits[runner.state];
  return deadline === "silence" || (deadline === "idle" && runner.job !== null);
}

function deadlineOf(runner: Runner, now: Instant, times: RunnerTimes): Instant | null {
  switch (runnerTraits[runner.state].deadline) {
    case null:
      return null;
    case "boot":
      return runner.deadlineAt;
    case "idle":
      return now + (isTrusted(runner) ? times.silenceMs : (times.profile?.timeouts.idleMs ?? 0));
    case "silence":
      return now + times.silenceMs;
    case "stop":
      return now + stopRetryMs;
  }
}
