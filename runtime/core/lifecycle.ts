/**
 * The lifecycle of jobs, runners and launches as tables: state × event → next state and what follows from it.
 * States are compared nowhere else. A missing cell means "late or doubled": ignore and log.
 * Every state but the last accepts `expired` and `vanished`, and every state reaches the end (tested).
 */
import type { JobState, LaunchState, RunnerState } from "./model";

export interface Step<State, Effect> {
  readonly to: State;
  readonly effects: readonly Effect[];
}

type Table<State extends string, Event extends string, Effect> = Readonly<
  Record<State, Readonly<Partial<Record<Event, Step<State, Effect>>>>>
>;

function step<State, Effect>(to: State, ...effects: Effect[]): Step<State, Effect> {
  return { to, effects };
}

/** `plan`: demand changed; `retire`: its runner is of no more use. */
export type JobEffect = "plan" | "retire";

export type JobMoveEvent =
  /** The source offers it (again), e.g. after an approval. */
  | "queued"
  /** The source holds it back for an approval. */
  | "held"
  /** A launch was made for it. */
  | "claimed"
  /** The machine meant for it will not come. */
  | "unclaimed"
  /** A runner has it and prepares. */
  | "bound"
  | "started"
  | "succeeded"
  | "failed"
  /** This attempt failed, and another is allowed. */
  | "retried"
  /** Somebody asked a running job to stop. */
  | "cancelRequested"
  /** Its machine will be taken away; it goes on until then. */
  | "interrupted"
  | "cancelled"
  | "expired"
  /** Its runner died under it, or the source does not know it any more. */
  | "vanished";

type JobStep = Step<JobState, JobEffect>;
const s = step<JobState, JobEffect>;
const ended = {
  succeeded: s("completed", "retire"),
  failed: s("failed", "retire"),
  cancelled: s("cancelled", "plan", "retire"),
};

export const jobLifecycle = {
  queued: {
    ...ended,
    held: s("waiting"),
    claimed: s("starting"),
    bound: s("starting"),
    started: s("running"),
    retried: s("queued", "plan"),
    expired: s("expired", "plan"),
    vanished: s("cancelled", "plan"),
  },
  waiting: {
    ...ended,
    queued: s("queued", "plan"),
    started: s("running"),
    expired: s("expired"),
    vanished: s("cancelled"),
  },
  starting: {
    ...ended,
    held: s("waiting", "plan"),
    claimed: s("starting"),
    interrupted: s("starting"),
    unclaimed: s("queued", "plan"),
    bound: s("starting"),
    started: s("running"),
    retried: s("queued", "retire", "plan"),
    expired: s("expired", "plan", "retire"),
    vanished: s("queued", "plan"),
  },
  running: {
    succeeded: ended.succeeded,
    failed: ended.failed,
    cancelled: s("cancelled", "retire"),
    cancelRequested: s("running"),
    interrupted: s("running"),
    retried: s("queued", "retire", "plan"),
    expired: s("failed", "retire"),
    vanished: s("failed", "retire"),
  },
  completed: {},
  failed: {},
  cancelled: {},
  expired: {},
} as const satisfies Table<JobState, JobMoveEvent, JobEffect>;

/** `terminate`: end the machine; `plan`: supply was lost, or room for more was won. */
export type RunnerEffect = "terminate" | "plan";

export type RunnerMoveEvent =
  | "launched"
  | "listening"
  | "started"
  | "finished"
  /** Of no more use: surplus, idle too long, drained, or its job ended elsewhere. */
  | "retired"
  /** The compute confirms that nothing is left. */
  | "terminated"
  | "expired"
  | "vanished";

type RunnerStep = Step<RunnerState, RunnerEffect>;
const r = step<RunnerState, RunnerEffect>;
const stop = {
  retired: r("stopping", "terminate", "plan"),
  expired: r("stopping", "terminate", "plan"),
  vanished: r("stopping", "terminate", "plan"),
};

export const runnerLifecycle = {
  requested: { launched: r("booting"), ...stop },
  // An early `started` is no accident: a forge may say so before the agent does.
  booting: { listening: r("idle"), started: r("running"), finished: r("stopping", "terminate"), ...stop },
  idle: { started: r("running"), finished: r("stopping", "terminate"), ...stop },
  running: { finished: r("stopping", "terminate"), ...stop },
  stopping: {
    terminated: r("gone", "plan"),
    expired: r("stopping", "terminate"),
    vanished: r("stopping", "terminate"),
  },
  gone: {},
} as const satisfies Table<RunnerState, RunnerMoveEvent, RunnerEffect>;

/** `replay`: make the same request again; `close`: take it out of the planner record. */
export type LaunchEffect = "replay" | "close";
export type LaunchMoveEvent = "answered" | "expired" | "vanished";

const l = step<LaunchState, LaunchEffect>;
export const launchLifecycle = {
  requested: { answered: l("settled", "close"), expired: l("replaying", "replay"), vanished: l("settled", "close") },
  replaying: { answered: l("settled", "close"), expired: l("replaying", "replay"), vanished: l("settled", "close") },
  settled: {},
} as const satisfies Table<LaunchState, LaunchMoveEvent, LaunchEffect>;

export function jobStep(state: JobState, event: JobMoveEvent): JobStep | undefined {
  const row: Partial<Record<JobMoveEvent, JobStep>> = jobLifecycle[state];
  return row[event];
}

export function runnerStep(state: RunnerState, event: RunnerMoveEvent): RunnerStep | undefined {
  const row: Partial<Record<RunnerMoveEvent, RunnerStep>> = runnerLifecycle[state];
  return row[event];
}

export function launchStep(state: LaunchState, event: LaunchMoveEvent): Step<LaunchState, LaunchEffect> | undefined {
  const row: Partial<Record<LaunchMoveEvent, Step<LaunchState, LaunchEffect>>> = launchLifecycle[state];
  return row[event];
}

/** What may be asked of a state, so that nobody compares states by name. */
interface JobTraits {
  /** Which of the profile's time-outs ends it; `null`: it is final. */
  readonly timeout: "queued" | "waiting" | "job" | null;
  /** Whether a runner may be wanted for it. */
  readonly wantsRunner: boolean;
  /** Whether its command is running at this moment. */
  readonly underWay: boolean;
}

const final = { timeout: null, wantsRunner: false, underWay: false } as const;
export const jobTraits = {
  queued: { timeout: "queued", wantsRunner: true, underWay: false },
  waiting: { timeout: "waiting", wantsRunner: false, underWay: false },
  starting: { timeout: "queued", wantsRunner: true, underWay: false },
  running: { timeout: "job", wantsRunner: false, underWay: true },
  completed: final,
  failed: final,
  cancelled: final,
  expired: final,
} as const satisfies Record<JobState, JobTraits>;

interface RunnerTraits {
  /** What its deadline means; `null`: gone. */
  readonly deadline: "boot" | "idle" | "silence" | "stop" | null;
  /** Whether it can still take a job. */
  readonly supply: boolean;
}

export const runnerTraits = {
  requested: { deadline: "boot", supply: true },
  booting: { deadline: "boot", supply: true },
  idle: { deadline: "idle", supply: true },
  running: { deadline: "silence", supply: false },
  stopping: { deadline: "stop", supply: false },
  gone: { deadline: null, supply: false },
} as const satisfies Record<RunnerState, RunnerTraits>;

export function isFinal(state: JobState): boolean {
  return jobTraits[state].timeout === null;
}

export function isGone(state: RunnerState): boolean {
  return runnerTraits[state].deadline === null;
}

/** Its command is running. */
export function isUnderWay(job: { readonly state: JobState }): boolean {
  return jobTraits[job.state].underWay;
}

/** It reported in and has not begun a job. */
export function isListening(runner: { readonly state: RunnerState }): boolean {
  return runnerTraits[runner.state].deadline === "idle";
}

/** Its machine is being ended. */
export function isStopping(runner: { readonly state: RunnerState }): boolean {
  return runnerTraits[runner.state].deadline === "stop";
}

/** Jobs that count as demand: they want a runner, may have one, and no runner has them yet. */
export function isDemand(job: {
  readonly state: JobState;
  readonly bound: boolean;
  readonly barred: object | null;
}): boolean {
  return jobTraits[job.state].wantsRunner && !job.bound && job.barred === null;
}

/** It waits at its source for somebody's approval. */
export function isHeld(job: { readonly state: JobState }): boolean {
  return jobTraits[job.state].timeout === "waiting";
}

/** It runs something. */
export function isAtWork(runner: { readonly state: RunnerState }): boolean {
  return runnerTraits[runner.state].deadline === "silence";
}

/** Runners that count as supply: they can take a job and have none yet. */
export function isSupply(runner: {
  readonly state: RunnerState;
  readonly job: string | null;
  readonly draining: boolean;
}): boolean {
  return runnerTraits[runner.state].supply && runner.job === null && !runner.draining;
}
