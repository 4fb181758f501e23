/** Records as users see them (INTERFACE: JOB, RUNNER, TIMELINE): RFC 3339 times, and nothing that is only ours. */
import { launchSlots } from "./planning";
import type { Instant, Job, PlannerRecord, ProfileView, Runner, TimelineEntry } from "./model";
import { reachKey, runnerName } from "./model";
import { isDemand } from "./lifecycle";

export interface JobJson {
  readonly key: string;
  readonly source: string;
  readonly host: string;
  readonly id: string;
  readonly scope: string;
  readonly name: string;
  readonly labels: readonly string[];
  readonly profile: string | null;
  readonly state: string;
  readonly reason: string | null;
  readonly exitCode: number | null;
  readonly attempt: number;
  readonly runner: string | null;
  readonly createdAt: string;
  readonly queuedAt: string;
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
  readonly url: string | null;
}

export interface RunnerJson {
  readonly id: string;
  readonly name: string;
  readonly profile: string;
  readonly compute: string;
  readonly machine: string | null;
  readonly state: string;
  readonly job: string | null;
  readonly createdAt: string;
  readonly deadlineAt: string | null;
  readonly lastHeartbeatAt: string | null;
}

export interface TimelineJson {
  readonly at: string;
  readonly stage: string;
  readonly attempt: number;
  readonly reason?: string;
  readonly detail?: string;
}

/** `planner`: of the job's profile, for the reason a waiting job waits; without it the job's own reason stands. */
export function jobJson(job: Job, planner?: PlannerRecord): JobJson {
  const { key, source, host, id, scope, name, labels, profile, state, exitCode, attempt, runner, url } = job;
  return {
    ...{ key, source, host, id, scope, name, labels, profile, state },
    reason: waitingReason(job, planner) ?? job.reason,
    ...{ exitCode, attempt, runner },
    createdAt: rfc3339(job.createdAt),
    queuedAt: rfc3339(job.queuedAt),
    startedAt: orNull(job.startedAt),
    finishedAt: orNull(job.finishedAt),
    url,
  };
}

export function runnerJson(runner: Runner): RunnerJson {
  const { id, name, profile, compute, machine, state, job } = runner;
  return {
    ...{ id, name, profile, compute, machine, state, job },
    createdAt: rfc3339(runner.createdAt),
    deadlineAt: orNull(runner.deadlineAt),
    lastHeartbeatAt: orNull(runner.lastHeartbeatAt),
  };
}

/** Runners of a profile, those of open launches included: they are asked for and not written yet. */
export function runnersJson(view: ProfileView, compute: string): readonly RunnerJson[] {
  const written = new Set(view.runners.map((runner) => runner.id));
  const requested = launchSlots(view.planner)
    .filter(({ runner }) => !written.has(runner))
    .map(({ runner, launch }): RunnerJson => ({
      id: runner,
      name: runnerName(runner),
      profile: launch.profile,
      compute,
      machine: null,
      state: "requested",
      job: null,
      createdAt: rfc3339(launch.claimedAt),
      deadlineAt: rfc3339(launch.deadlineAt),
      lastHeartbeatAt: null,
    }));
  return [...view.runners.map(runnerJson), ...requested];
}

export function timelineJson(entry: TimelineEntry): TimelineJson {
  return { ...entry, at: rfc3339(entry.at) };
}

function waitingReason(job: Job, planner: PlannerRecord | undefined): string | undefined {
  if (planner === undefined || job.reach === null || !isDemand(job)) return undefined;
  const blocked = planner.blocked[reachKey(job.reach)];
  return job.runner === null || blocked?.atSource === true ? blocked?.reason : undefined;
}

function rfc3339(at: Instant): string {
  return new Date(at).toISOString();
}

function orNull(at: Instant | null): string | null {
  return at === null ? null : rfc3339(at);
}
