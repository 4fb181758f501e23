/**
 * The nouns of the house: job, reach, launch, runner, and what the ledger keeps of them.
 * Plain data, no behaviour. Field names in the public JSON (INTERFACE) are made from these in `present.ts`.
 */
import type { ReasonCode } from "./reasons";

/** Milliseconds since 1970-01-01 UTC. Everything inside counts time so; RFC 3339 exists only at the edges. */
export type Instant = number;

/** `<source>/<host>/<id>`, unique for ever. */
export type JobKey = string;

export const jobStates = [
  "queued",
  "waiting",
  "starting",
  "running",
  "completed",
  "failed",
  "cancelled",
  "expired",
] as const;
export type JobState = (typeof jobStates)[number];

export const runnerStates = ["requested", "booting", "idle", "running", "stopping", "gone"] as const;
export type RunnerState = (typeof runnerStates)[number];

export const stages = [
  "created",
  "received",
  "admitted",
  "claimed",
  "launching",
  "launched",
  "booted",
  "enrolled",
  "listening",
  "started",
  "finished",
] as const;
/** The steps every job takes, in this order. */
export type Stage = (typeof stages)[number];
/** What may happen besides. */
export type Incident = "waiting" | "relaunched" | "adopted" | "cancelled" | "expired" | "interrupted";

export interface TimelineEntry {
  readonly at: Instant;
  readonly stage: Stage | Incident;
  /** Which try of the job this belongs to; the first is 1. */
  readonly attempt: number;
  readonly reason?: ReasonCode;
  readonly detail?: string;
}

/** What a runner can serve. Two jobs with equal reach can be taken by each other's runners. */
export interface Reach {
  readonly source: string;
  readonly host: string;
  /** Organisation, `owner/repo` or enterprise; "" where the source has none. */
  readonly scope: string;
  /** Runner group; "" where the source has none. */
  readonly group: string;
  readonly labels: readonly string[];
}

/** What an `api` job runs. Forge jobs have none: their listener learns it from the forge. */
export interface JobWork {
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** From `started` until the agent stops the command, in milliseconds. */
  readonly timeoutMs: number;
  /** The packed working folder kept by the `Files` port, if one came along. */
  readonly bundle: { readonly bytes: number; readonly sha256: string } | null;
}

/** Where in its forge a job belongs. */
export interface JobOrigin {
  /** `owner/repo`, as it is called now; it may be renamed. */
  readonly repository: string;
  /** The run it is part of. */
  readonly run: string;
  /** Which attempt of that run; absent where the forge does not count them. */
  readonly attempt?: number;
  /** Whether its code comes from a fork; `null`: not known. */
  readonly fork: boolean | null;
}

export interface Bar {
  readonly reason: ReasonCode;
  readonly detail: string;
}

export interface Job {
  readonly key: JobKey;
  readonly source: string;
  readonly host: string;
  readonly id: string;
  readonly scope: string;
  readonly name: string;
  readonly labels: readonly string[];
  /** `null`: no profile fits (yet). */
  readonly profile: string | null;
  readonly reach: Reach | null;
  /** `null` for jobs that were handed to us. */
  readonly origin: JobOrigin | null;
  /** Why it gets no runner here whatever room there is; `null`: it may have one. */
  readonly barred: Bar | null;
  readonly state: JobState;
  readonly reason: ReasonCode | null;
  readonly detail: string | null;
  readonly exitCode: number | null;
  /** 1 for the first try. */
  readonly attempt: number;
  /** Set after an interruption: its next machine is not taken from spare capacity, as long as there is another. */
  readonly market?: Market;
  /** How often the forge's jobs that this one came of were interrupted; absent: never. */
  readonly losses?: number;
  /** How many further tries a failed attempt may have. */
  readonly retries: number;
  /** The runner expected to take it (`starting`) or that has it (`running` and after). */
  readonly runner: string | null;
  /** Whether `runner` is a fact (it took the job) rather than the planner's expectation. */
  readonly bound: boolean;
  readonly createdAt: Instant;
  readonly queuedAt: Instant;
  readonly startedAt: Instant | null;
  readonly finishedAt: Instant | null;
  /** When the present state is overdue; `null` in a final state. */
  readonly deadlineAt: Instant | null;
  /** Set while a running job is asked to stop. */
  readonly cancelRequestedAt: Instant | null;
  readonly url: string | null;
  readonly timeline: readonly TimelineEntry[];
  /** Ids of deliveries already applied, newest last; at most 20. */
  readonly deliveries: readonly string[];
  readonly work: JobWork | null;
  /** Raised by one with every write; the condition of the next. */
  readonly version: number;
}

export interface Runner {
  readonly id: string;
  /** `onejob-<id>`, the name the forge shows. */
  readonly name: string;
  readonly profile: string;
  readonly compute: string;
  readonly launch: string;
  /** The compute's own name for the machine. */
  readonly machine: string;
  readonly reach: Reach;
  readonly state: RunnerState;
  /** The job its machine was made for; another may come first. */
  readonly meantFor: JobKey | null;
  /** Why it is being stopped, or was. */
  readonly reason: ReasonCode | null;
  readonly job: JobKey | null;
  readonly attempt: number;
  /** Where in the job's log this attempt's output begins, in bytes. */
  readonly logBase: number;
  /** The agent instance that holds the enrolment; the first to ask. */
  readonly nonce: string | null;
  /** What the source calls it, as far as known; `null`: look it up by name. */
  readonly handle: string | null;
  /** When its agent was given its right, so that it may be given a job; absent before. */
  readonly grantedAt?: Instant;
  /** When its agent was asked to stop listening for jobs. */
  readonly askedAt: Instant | null;
  /** From when on nothing of it could take a job any more: one of the two keys to end the machine. */
  readonly releasedAt: Instant | null;
  readonly draining: boolean;
  readonly createdAt: Instant;
  readonly deadlineAt: Instant | null;
  readonly lastHeartbeatAt: Instant | null;
  /** `claimed` to `listening`; copied to the job's timeline once it starts there. */
  readonly stages: readonly TimelineEntry[];
  /** When it was announced that its machine will be taken away, as far as that is known; absent before. */
  readonly interruptedAt?: Instant;
  /** When it began to run something; absent before. */
  readonly begunAt?: Instant;
  /** When its source was asked what that is, and it was none of the jobs that wait here; absent before. */
  readonly namelessAt?: Instant;
  /** When its source let go of it, where its machine could not be ended then; absent before. */
  readonly letGoAt?: Instant;
  readonly version: number;
}

/** Wanted first for what was interrupted; absent: as the profile says. */
export type Market = "on-demand";

/** One machine of a launch: its runner is named before the compute is called, so no replay can make a second. */
export interface LaunchSlot {
  readonly runner: string;
  /** The job this machine is meant for; any other within reach may take it. */
  readonly job: JobKey | null;
}

/** A request to a compute. Lives in the planner record from before the call until its outcome is written. */
export interface Launch {
  readonly id: string;
  readonly profile: string;
  readonly reach: Reach;
  /** The compute's idempotency token. */
  readonly token: string;
  readonly state: LaunchState;
  readonly slots: readonly LaunchSlot[];
  readonly market?: Market;
  readonly claimedAt: Instant;
  readonly deadlineAt: Instant;
  /** How often the same request was made again after a crash. */
  readonly replays: number;
}

export const launchStates = ["requested", "replaying", "settled"] as const;
export type LaunchState = (typeof launchStates)[number];

/** Why jobs in one reach get no machine at the moment. */
export interface Blocked {
  readonly reason: ReasonCode;
  readonly detail: string | null;
  readonly since: Instant;
  /** When planning is tried again; `null`: when something changes. */
  readonly until: Instant | null;
  /** Failures in a row; decides the backoff. */
  readonly tries: number;
  /** Its source withholds it: that holds as well for those whose machine is up and waits for its right. */
  readonly atSource?: boolean;
}

export interface Breaker {
  /** Machines in a row that never took a job. */
  readonly failures: number;
  readonly reason: ReasonCode;
  /** What the last of them said, where it said anything. */
  readonly detail?: string | null;
  /** While in the future: one probe only. `null`: closed. */
  readonly openUntil: Instant | null;
}

/** The planner item of a profile: who plans, what is under way, what blocks. */
export interface PlannerRecord {
  readonly profile: string;
  readonly lease: { readonly holder: string; readonly until: Instant } | null;
  /** Somebody wanted a plan while the lease was taken. */
  readonly dirty: boolean;
  readonly launches: readonly Launch[];
  /** By reach key. */
  readonly blocked: Readonly<Record<string, Blocked>>;
  /** By reach key. */
  readonly breakers: Readonly<Record<string, Breaker>>;
  readonly version: number;
}

/** What all profiles share: how many machines each holds at most, and whether the fleet is draining. */
export interface FleetRecord {
  /** By profile: how many runners it may hold, written by its planner before it launches. */
  readonly shares: Readonly<Record<string, FleetShare>>;
  /** Profiles that were refused for want of room. */
  readonly hungry: readonly string[];
  readonly draining: boolean;
  readonly version: number;
}

export interface FleetShare {
  /** Upper bound of live runners. */
  readonly runners: number;
  /** Version of the planner record this was decided on; an older decision must not overwrite a newer one. */
  readonly planner: number;
  /** When it was written; whoever wrote it has a lease's time to write its planner record too. */
  readonly at: Instant;
}

/** The one-time credential and settings of a runner. `payload` is opaque to everything but source and executor. */
export interface Enrolment {
  readonly executor: ExecutorKind;
  readonly payload: string;
  /** What the source calls the runner, so that it can be withdrawn by one call; `null`: only its name. */
  readonly handle: string | null;
}

/** What runs the job inside the machine: a command of ours, or GitHub's own `Runner.Listener`. */
export type ExecutorKind = "command" | "github";

/** Everything a plan needs, read consistently in one query. */
export interface ProfileView {
  readonly planner: PlannerRecord;
  /** Not final. */
  readonly jobs: readonly Job[];
  /** Not gone. */
  readonly runners: readonly Runner[];
}

/** Asked for again and again of the same records, which never change. */
const reachKeys = new WeakMap<Reach, string>();

/** Equal for reaches that are equal, labels in any order and case. */
export function reachKey(reach: Reach): string {
  const known = reachKeys.get(reach);
  if (known !== undefined) return known;
  const labels = reach.labels.map((label) => label.toLowerCase()).sort();
  const key = [reach.source, reach.host, reach.scope, reach.group, labels.join(",")].join("|");
  reachKeys.set(reach, key);
  return key;
}

/** The longest waiting first; the key decides between equals, so that everybody sees one order. */
export function byWaiting(a: Job, b: Job): number {
  return a.queuedAt - b.queuedAt || (a.key < b.key ? -1 : 1);
}

export function runnerName(id: string): string {
  return `onejob-${id}`;
}
