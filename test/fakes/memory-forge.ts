/**
 * A forge in memory: the twin of the real ones for flow tests. It gives any waiting job to any listening runner that has
 * the labels, and tells of it by events that the test delivers, loses, doubles or turns round as it likes.
 */
import { OnejobError } from "../../runtime/core/errors";
import type { JobEvent, JobFacts, Parsed } from "../../runtime/core/events";
import { runnerName } from "../../runtime/core/model";
import type { Enrolment, Job, Reach, Runner } from "../../runtime/core/model";
import type { Clock, JobSource, RerunWish } from "../../runtime/core/ports";
import { someFacts } from "../fixtures/records";
import { againFor, eventOf, goneEvents, isNews, latestJobs, type ForgeJob } from "./forge-jobs";

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
  queue(job: Partial<Pick<ForgeJob, "id" | "name" | "labels" | "fork" | "run" | "attempt" | "state">> = {}): JobEvent {
    const id = job.id ?? String(this.jobs.size + 1);
    const made: ForgeJob = {
      name: id,
      ran: id,
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
    const { name, labels, run, attempt, createdAt } = this.#job(id);
    const origin = { repository: "acme/widgets", fork: null, run, attempt };
    const key = `${this.name}/forge.example/${id}`;
    const place = { source: this.name, host: "forge.example", scope: "acme", group: "Default" };
    return someFacts({ ...place, id, key, name, labels, origin, work: null, createdAt });
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

  rerun({ id, key }: Job, { unlessDone }: RerunWish): Promise<"asked" | "later"> {
    return this.#asked("rerun", () => {
      const found = againFor(this.jobs.get(id), { jobs: this.jobs, unlessDone });
      if (found === "refused") throw new OnejobError("source-refused", `${key} is gone there, or was run again`);
      if (typeof found === "string") return found;
      this.#again(found);
      return "asked";
    });
  }

  /** Somebody there wants it run once more. */
  rerunThere(id: string): void {
    const found = againFor(this.#job(id), { jobs: this.jobs, unlessDone: false });
    if (typeof found === "string") throw new Error(`${id} cannot be run again: ${found}`);
    this.#again(found);
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
      const news = [...this.jobs.values()].filter((job) => isNews(job, here.get(job.id)));
      return [...news.map((job) => this.#stands(job)), ...goneEvents(known, this.jobs, this.#clock.now())];
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

  /** As a new job of its run's next attempt, into which the other ones are carried under new ids: told to nobody. */
  #again(job: ForgeJob): void {
    const { name, labels, fork, run, attempt: before } = job;
    const attempt = before + 1;
    const others = latestJobs(run, this.jobs).filter((other) => other !== job);
    this.queue({ id: `${name}-again${before}`, name, labels, fork, run, attempt });
    for (const other of others) {
      const id = `${other.name}-carried${before}`;
      this.jobs.set(id, { ...other, id, attempt });
    }
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
  #stands(job: ForgeJob): JobEvent {
    const { id, state } = job;
    const telling = { facts: this.facts(id), receivedAt: this.#clock.now(), delivery: `state/${id}/${state}` };
    return eventOf(job, telling);
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
