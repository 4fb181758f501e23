/** Jobs of a forge that is made up: what is said of them, what of that is news, and which can be run again. */
import type { JobEvent } from "../../runtime/core/events";
import { isUnderWay } from "../../runtime/core/lifecycle";
import { runnerName, type Instant, type Job, type JobState } from "../../runtime/core/model";

/** How a job stands there. */
export interface Standing {
  state: "queued" | "waiting" | "in_progress" | "completed";
  conclusion: "success" | "failure" | "cancelled" | null;
  runner: string | null;
  startedAt: Instant | null;
  endedAt: Instant | null;
}

/** Of the forge in memory. */
export interface ForgeJob extends Standing {
  readonly id: string;
  /** Within its run, the same in all attempts. */
  readonly name: string;
  /** The id under which it ran: another one for a job that was carried into a later attempt of its run as it ended. */
  readonly ran: string;
  readonly labels: readonly string[];
  readonly fork: boolean;
  /** Jobs of one run are run again together: none while another of it goes on. */
  readonly run: string;
  /** Of its run. */
  readonly attempt: number;
  readonly createdAt: Instant;
}

/** What a webhook, or an answer, says of it. */
export function eventOf(
  { state, conclusion, runner, startedAt, endedAt }: Standing,
  telling: Pick<JobEvent, "facts" | "delivery" | "receivedAt">,
): JobEvent {
  const kinds = { queued: "queued", waiting: "waiting", in_progress: "started", completed: "finished" } as const;
  const kind = conclusion === "cancelled" ? "cancelled" : kinds[state];
  return {
    ...telling,
    kind,
    at: endedAt ?? startedAt ?? telling.receivedAt,
    runnerName: runner,
    ...(endedAt !== null && startedAt !== null ? { startedAt } : {}),
    succeeded: kind === "finished" ? conclusion === "success" : null,
  };
}

/** So long a forge may take to find everywhere what it has told of. */
const newMs = 10 * 60_000;

/** Of open jobs here: those that are certainly gone there. */
export function goneEvents(
  known: readonly Job[],
  jobs: ReadonlyMap<string, unknown>,
  now: Instant,
): readonly JobEvent[] {
  return known
    .filter((job) => !jobs.has(job.id) && now - job.queuedAt >= newMs && !isUnderWay(job))
    .map((job) => {
      const facts = { ...job, group: job.reach?.group ?? "", profile: null };
      const none = { runner: null, startedAt: null, endedAt: null };
      const telling = { facts, delivery: `state/${job.id}/gone`, receivedAt: now };
      return eventOf({ state: "completed", conclusion: "cancelled", ...none }, telling);
    });
}

/** How a job may stand there for its state here to be right. A running one that is shown as queued is an old answer. */
const agrees: Readonly<Record<JobState, readonly Standing["state"][]>> = {
  queued: ["queued"],
  starting: ["queued"],
  waiting: ["waiting"],
  running: ["in_progress", "queued", "waiting"],
  completed: ["queued", "waiting", "in_progress", "completed"],
  failed: ["queued", "waiting", "in_progress", "completed"],
  cancelled: ["queued", "waiting", "in_progress", "completed"],
  expired: ["queued", "waiting", "in_progress", "completed"],
};

type Jobs = ReadonlyMap<string, ForgeJob>;

/** The jobs of its last attempt: all of the run. */
export function latestJobs(run: string, jobs: Jobs): readonly ForgeJob[] {
  const all = [...jobs.values()].filter((job) => job.run === run);
  const last = Math.max(...all.map(({ attempt }) => attempt));
  return all.filter(({ attempt }) => attempt === last);
}

/** The one to be run again for it, or why none is. */
export function againFor(
  job: ForgeJob | undefined,
  { jobs, unlessDone }: { readonly jobs: Jobs; readonly unlessDone: boolean },
): ForgeJob | "asked" | "later" | "refused" {
  if (job === undefined) return "refused";
  if ([...jobs.values()].some(({ run, state }) => run === job.run && state !== "completed")) return "later";
  const latest = latestJobs(job.run, jobs).find(({ ran }) => ran === job.ran);
  if (unlessDone && latest?.conclusion !== "failure" && latest?.conclusion !== "cancelled") return "asked";
  return latest ?? "refused";
}

/** Of those we never heard of: what waits, and what a runner of ours took. */
export function isNews({ state, runner }: Standing, here: JobState | undefined): boolean {
  if (here !== undefined) return !agrees[here].includes(state);
  return state === "queued" || state === "waiting" || (state === "in_progress" && isOurs(runner));
}

function isOurs(runner: string | null): boolean {
  return runner?.startsWith(runnerName("")) === true;
}
