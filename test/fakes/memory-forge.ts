/**
 * A forge in memory: the twin of the real ones for flow tests. It gives any waiting job to any listening runner that has
 * the labels, and tells of it by events that the test delivers, loses, doubles or turns round as it likes.
 */
import { OnejobError } from "../../runtime/core/errors";
import type { JobEvent, JobFacts, Parsed } from "../../runtime/core/events";
import { runnerName } from "../../runtime/core/model";
import type { Enrolment, Instant, Job, JobState, Reach, Runner } from "../../runtime/core/model";
import type { Clock, JobSource } from "../../runtime/core/ports";
import { someFacts } from "../fixtures/records";

export interface ForgeJob {
  readonly id: string;
  readonly labels: readonly string[];
  readonly fork: boolean;
  /** Jobs of one run are run again together: none while another of it goes on. */
  readonly run: string;
  /** Of its run. */
  readonly attempt: number;
  readonly createdAt: Instant;
  state: "queued" | "waiting" | "in_progress" | "completed";
  conclusion: "success" | "failure" | "cancelled" | null;
  runner: string | null;
  startedAt: Instant | null;
  endedAt: Instant | null;
}

interface ForgeRunner {
  readonly name: string;
  readonly handle: string;
  readonly group: string;
  readonly labels: readonly string[];
  online: boolean;
  job: string | null;
}

export interface MemoryForgeOptions {
  readonly clock: Clock;
  readonly name?: string;
  /** @default true */
  readonly announces?: boolean;
}

export type ForgeCall =
  "enrol" | "withdraw" | "cancel" | "rerun" | "jobState" | "isFork" | "findJobs" | "removeGhosts" | "redeliverLost";

interface Failure {
  readonly error: OnejobError;
  /** What is asked is done all the same: only its answer is lost. */
  readonly afterwards: boolean;
}

/** How a job may stand there for its state here to be right. A running one that is shown as queued is an old answer. */
const agrees: Readonly<Record<JobState, readonly ForgeJob["state"][]>> = {
  queued: ["queued"],
  starting: ["queued"],
  waiting: ["waiting"],
  running: ["in_progress", "queued", "waiting"],
  completed: ["queued", "waiting", "in_progress", "completed"],
  failed: ["queued", "waiting", "in_progress", "completed"],
  cancelled: ["queued", "waiting", "in_progress", "completed"],
  expired: ["queued", "waiting", "in_progress", "completed"],
};

const throttledMs = 60_000;

export class MemoryForge implements JobSource {
  readonly name: string;
  readonly assigns = false;
  readonly announces: boolean;
  readonly jobs = new Map<string, ForgeJob>();
  readonly runners = new Map<string, ForgeRunner>();
  /** What was asked of it, in order. */
  readonly calls: ForgeCall[] = [];
  readonly #clock: Clock;
  #told = 0;
  #failure: Failure | undefined;

  constructor({ clock, name = "gh", announces = true }: MemoryForgeOptions) {
    this.#clock = clock;
    this.name = name;
    this.announces = announces;
  }

  /** Every call fails so until it is called off with `undefined`. */
  failWith(
    code: "source-unreachable" | "source-throttled" | "source-refused" | undefined,
    { afterwards = false } = {},
  ): void {
    const details = code === "source-throttled" ? { details: { retryAt: this.#clock.now() + throttledMs } } : {};
    this.#failure = code === undefined ? undefined : { error: new OnejobError(code, "scripted", details), afterwards };
  }

  /** A job appears; the event is what a webhook would say. */
  queue(job: Partial<Pick<ForgeJob, "id" | "labels" | "fork" | "run" | "attempt" | "state">> = {}): JobEvent {
    const id = job.id ?? String(this.jobs.size + 1);
    const made: ForgeJob = {
      labels: ["linux"],
      fork: false,
      run: "1",
      attempt: 1,
      state: "queued",
      ...job,
      id,
      createdAt: this.#clock.now(),
      ...{ conclusion: null, runner: null, startedAt: null, endedAt: null },
    };
    this.jobs.set(id, made);
    return this.event(id);
  }

  /** Gives a waiting job to a listening runner; `pick` chooses among all possible pairs. `undefined`: there is none. */
  assign(pick: (pairs: number) => number = () => 0): { readonly event: JobEvent; readonly runner: string } | undefined {
    const pairs = this.#pairs();
    const pair = pairs[pick(pairs.length)];
    if (pair === undefined) return undefined;
    const { job, runner } = pair;
    this.#start(job, runner.name);
    runner.job = job.id;
    return { event: this.event(job.id), runner: runner.name.slice(runnerName("").length) };
  }

  /** The same for one runner, by its name there. */
  assignTo(name: string): JobEvent | undefined {
    return this.assign(() => this.#pairs().findIndex(({ runner }) => runner.name === name))?.event;
  }

  /** A runner of somebody else takes it. */
  takenElsewhere(id: string): JobEvent {
    this.#start(this.#job(id), "their-runner");
    return this.event(id);
  }

  end(id: string, conclusion: "success" | "failure" | "cancelled" = "success"): JobEvent {
    const job = this.#job(id);
    Object.assign(job, { state: "completed", conclusion, endedAt: this.#clock.now() });
    // A runner for one job is forgotten with it.
    if (job.runner !== null) this.runners.delete(job.runner);
    return this.event(id);
  }

  move(id: string, state: "queued" | "waiting"): JobEvent {
    this.#job(id).state = state;
    return this.event(id);
  }

  listens(runner: string): void {
    const standing = this.runners.get(runnerName(runner));
    if (standing !== undefined) standing.online = true;
  }

  leaves(runner: string): void {
    const standing = this.runners.get(runnerName(runner));
    if (standing !== undefined) standing.online = false;
  }

  /** How it stands now, as a delivery of its own would say. */
  event(id: string): JobEvent {
    this.#told += 1;
    return { ...this.#stands(this.#job(id)), delivery: `d${this.#told}` };
  }

  facts(id: string): JobFacts {
    const { labels, run, attempt, createdAt } = this.#job(id);
    const origin = { repository: "acme/widgets", fork: null, run, attempt };
    const key = `${this.name}/forge.example/${id}`;
    const place = { source: this.name, host: "forge.example", scope: "acme", group: "Default" };
    return someFacts({ ...place, id, key, labels, origin, work: null, createdAt });
  }

  receive(): Promise<Parsed> {
    return Promise.reject(new OnejobError("bad-request", "the test hands over events itself"));
  }

  enrol(reach: Reach, runner: { readonly id: string; readonly name: string }): Promise<Enrolment> {
    return this.#asked("enrol", () => {
      if (this.#isBusy(runner.name)) throw new OnejobError("source-refused", `${runner.name} already has a job`);
      const handle = `h-${runner.id}-${this.calls.length}`;
      const { group, labels } = reach;
      this.runners.set(runner.name, { name: runner.name, handle, group, labels, online: false, job: null });
      return { executor: "github", payload: handle, handle };
    });
  }

  /** By its name: a handle may be that of an earlier registration. */
  withdraw({ name }: Runner): Promise<"withdrawn" | "busy"> {
    return this.#asked("withdraw", () => {
      if (this.#isBusy(name)) return "busy";
      this.runners.delete(name);
      return "withdrawn";
    });
  }

  cancel({ id }: Job): Promise<"asked"> {
    return this.#asked("cancel", () => {
      const job = this.jobs.get(id);
      if (job !== undefined && job.state !== "completed") this.end(id, "cancelled");
      return "asked";
    });
  }

  rerun({ id, key }: Job): Promise<"asked" | "later"> {
    return this.#asked("rerun", () => {
      const job = this.jobs.get(id);
      const ofRun = [...this.jobs.values()].filter(({ run }) => run === job?.run);
      if (ofRun.some(({ state }) => state !== "completed")) return "later";
      if (job === undefined || ofRun.some(({ attempt }) => attempt > job.attempt))
        throw new OnejobError("source-refused", `${key} is gone there, or not of the last attempt`);
      this.#again(job);
      return "asked";
    });
  }

  jobState({ id }: Job): Promise<JobEvent | undefined> {
    return this.#asked("jobState", () => {
      return this.jobs.has(id) ? this.#stands(this.#job(id)) : undefined;
    });
  }

  isFork({ id }: JobFacts): Promise<boolean | null> {
    return this.#asked("isFork", () => this.jobs.get(id)?.fork ?? null);
  }

  findJobs(known: readonly Job[]): Promise<readonly JobEvent[]> {
    return this.#asked("findJobs", () => {
      const here = new Map(known.map(({ id, state }) => [id, state]));
      return [...this.jobs.values()].filter((job) => isNews(job, here.get(job.id))).map((job) => this.#stands(job));
    });
  }

  redeliverLost(): Promise<number> {
    return this.#asked("redeliverLost", () => 0);
  }

  async removeGhosts(isGone: (runner: string) => Promise<boolean>): Promise<number> {
    const idle = await this.#asked("removeGhosts", () =>
      [...this.runners.values()].filter(({ online, job }) => !online && job === null),
    );
    let count = 0;
    for (const { name } of idle) {
      const id = name.startsWith(runnerName("")) ? name.slice(runnerName("").length) : "";
      // It may have been given a job in the meantime.
      if (id === "" || !(await isGone(id)) || this.#isBusy(name)) continue;
      this.runners.delete(name);
      count += 1;
    }
    return count;
  }

  /** Somebody wants it run once more: as a new job of its run. */
  #again({ id: before, labels, fork, run, attempt }: ForgeJob): void {
    this.queue({ id: `${before}-again1`, labels, fork, run, attempt: attempt + 1 });
  }

  #pairs(): readonly { readonly job: ForgeJob; readonly runner: ForgeRunner }[] {
    const free = [...this.runners.values()].filter((runner) => runner.online && runner.job === null);
    const waiting = [...this.jobs.values()].filter((job) => job.state === "queued");
    return waiting.flatMap((job) =>
      free
        .filter(({ labels }) => job.labels.every((label) => labels.includes(label)))
        .map((runner) => ({ job, runner })),
    );
  }

  #start(job: ForgeJob, runner: string): void {
    Object.assign(job, { state: "in_progress", runner, startedAt: this.#clock.now() });
  }

  /** The same answer is the same delivery. */
  #stands({ id, state, conclusion, runner, startedAt, endedAt }: ForgeJob): JobEvent {
    const kinds = { queued: "queued", waiting: "waiting", in_progress: "started", completed: "finished" } as const;
    const receivedAt = this.#clock.now();
    const kind = conclusion === "cancelled" ? "cancelled" : kinds[state];
    return {
      ...{ kind, facts: this.facts(id), receivedAt },
      at: endedAt ?? startedAt ?? receivedAt,
      delivery: `state/${id}/${state}`,
      runnerName: runner,
      ...(endedAt !== null && startedAt !== null ? { startedAt } : {}),
      succeeded: kind === "finished" ? conclusion === "success" : null,
    };
  }

  #isBusy(name: string): boolean {
    return (this.runners.get(name)?.job ?? null) !== null;
  }

  #job(id: string): ForgeJob {
    const job = this.jobs.get(id);
    if (job === undefined) throw new Error(`the forge has no job ${id}`);
    return job;
  }

  #asked<T>(call: ForgeCall, answer: () => T): Promise<T> {
    this.calls.push(call);
    const failure = this.#failure;
    if (failure?.afterwards === false) return Promise.reject(failure.error);
    const answered = new Promise<T>((resolve) => resolve(answer()));
    return failure === undefined ? answered : answered.then(() => Promise.reject(failure.error));
  }
}

/** Of those we never heard of: what waits, and what a runner of ours took. */
function isNews({ state, runner }: ForgeJob, here: JobState | undefined): boolean {
  if (here !== undefined) return !agrees[here].includes(state);
  return state === "queued" || state === "waiting" || (state === "in_progress" && isOurs(runner));
}

function isOurs(runner: string | null): boolean {
  return runner?.startsWith(runnerName("")) === true;
}
