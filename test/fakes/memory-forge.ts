/**
 * A forge in memory: the twin of the real ones for flow tests. It gives any waiting job to any listening runner that has
 * the labels, and tells of it by events that the test delivers, loses, doubles or turns round as it likes.
 */
import { OnejobError } from "../../runtime/core/errors";
import type { JobEvent, JobFacts, Parsed } from "../../runtime/core/events";
import type { Enrolment, Job, Reach, Runner } from "../../runtime/core/model";
import type { Clock, JobSource } from "../../runtime/core/ports";
import { someFacts } from "../fixtures/records";

export interface ForgeJob {
  readonly id: string;
  readonly labels: readonly string[];
  readonly fork: boolean;
  state: "queued" | "waiting" | "in_progress" | "completed";
  conclusion: "success" | "failure" | "cancelled" | null;
  runner: string | null;
}

interface ForgeRunner {
  readonly name: string;
  readonly handle: string;
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

export type ForgeCall = "enrol" | "withdraw" | "cancel" | "rerun" | "jobState" | "isFork" | "findJobs";

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
  #failure: OnejobError | undefined;

  constructor({ clock, name = "gh", announces = true }: MemoryForgeOptions) {
    this.#clock = clock;
    this.name = name;
    this.announces = announces;
  }

  /** Every call fails so until it is called off with `undefined`. */
  failWith(code: "source-unreachable" | "source-throttled" | "source-refused" | undefined): void {
    this.#failure = code === undefined ? undefined : new OnejobError(code, "scripted");
  }

  /** A job appears; the event is what a webhook would say. */
  queue(job: Partial<Pick<ForgeJob, "id" | "labels" | "fork" | "state">> = {}): JobEvent {
    const id = job.id ?? String(this.jobs.size + 1);
    const made: ForgeJob = {
      labels: ["linux"],
      fork: false,
      state: "queued",
      ...job,
      id,
      conclusion: null,
      runner: null,
    };
    this.jobs.set(id, made);
    return this.event(id);
  }

  /** Gives a waiting job to a listening runner; `pick` chooses among all possible pairs. `undefined`: there is none. */
  assign(pick: (pairs: number) => number = () => 0): { readonly event: JobEvent; readonly runner: string } | undefined {
    const free = [...this.runners.values()].filter((runner) => runner.online && runner.job === null);
    const waiting = [...this.jobs.values()].filter((job) => job.state === "queued");
    const pairs = waiting.flatMap((job) =>
      free
        .filter(({ labels }) => job.labels.every((label) => labels.includes(label)))
        .map((runner) => ({ job, runner })),
    );
    const pair = pairs[pick(pairs.length)];
    if (pair === undefined) return undefined;
    Object.assign(pair.job, { state: "in_progress", runner: pair.runner.name });
    pair.runner.job = pair.job.id;
    return { event: this.event(pair.job.id), runner: pair.runner.name.slice("onejob-".length) };
  }

  /** A runner of somebody else takes it. */
  takenElsewhere(id: string): JobEvent {
    Object.assign(this.#job(id), { state: "in_progress", runner: "their-runner" });
    return this.event(id);
  }

  end(id: string, conclusion: "success" | "failure" | "cancelled" = "success"): JobEvent {
    const job = this.#job(id);
    Object.assign(job, { state: "completed", conclusion });
    // A runner for one job is forgotten with it.
    if (job.runner !== null) this.runners.delete(job.runner);
    return this.event(id);
  }

  move(id: string, state: "queued" | "waiting"): JobEvent {
    this.#job(id).state = state;
    return this.event(id);
  }

  listens(runner: string): void {
    const standing = this.runners.get(`onejob-${runner}`);
    if (standing !== undefined) standing.online = true;
  }

  leaves(runner: string): void {
    const standing = this.runners.get(`onejob-${runner}`);
    if (standing !== undefined) standing.online = false;
  }

  /** How it stands now, as a delivery of its own would say. */
  event(id: string): JobEvent {
    const job = this.#job(id);
    const kinds = { queued: "queued", waiting: "waiting", in_progress: "started", completed: "finished" } as const;
    const at = this.#clock.now();
    this.#told += 1;
    return {
      kind: job.conclusion === "cancelled" ? "cancelled" : kinds[job.state],
      facts: this.facts(id),
      at,
      receivedAt: at,
      delivery: `d${this.#told}`,
      runnerName: job.runner,
      succeeded: job.conclusion === null ? null : job.conclusion === "success",
    };
  }

  facts(id: string): JobFacts {
    const { labels } = this.#job(id);
    const origin = { repository: "acme/widgets", run: "1", fork: null };
    const key = `${this.name}/forge.example/${id}`;
    const place = { source: this.name, host: "forge.example", scope: "acme", group: "Default" };
    return someFacts({ ...place, id, key, labels, origin, work: null, createdAt: this.#clock.now() });
  }

  receive(): Promise<Parsed> {
    return Promise.reject(new OnejobError("bad-request", "the test hands over events itself"));
  }

  async enrol(reach: Reach, runner: { readonly id: string; readonly name: string }): Promise<Enrolment> {
    this.#call("enrol");
    const handle = `h-${runner.id}-${this.calls.length}`;
    this.runners.set(runner.name, { name: runner.name, handle, labels: reach.labels, online: false, job: null });
    return Promise.resolve({ executor: "github", payload: handle, handle });
  }

  async withdraw(runner: Runner): Promise<"withdrawn" | "busy"> {
    this.#call("withdraw");
    const standing = this.runners.get(runner.name);
    if (standing !== undefined && standing.job !== null) return "busy";
    this.runners.delete(runner.name);
    return Promise.resolve("withdrawn");
  }

  async cancel(job: Job): Promise<"asked"> {
    this.#call("cancel");
    this.end(job.id, "cancelled");
    return Promise.resolve("asked");
  }

  async rerun(): Promise<"asked" | "later"> {
    this.#call("rerun");
    const open = [...this.jobs.values()].some(({ state }) => state !== "completed");
    return Promise.resolve(open ? "later" : "asked");
  }

  async jobState(job: Job): Promise<JobEvent | undefined> {
    this.#call("jobState");
    return Promise.resolve(this.jobs.has(job.id) ? this.event(job.id) : undefined);
  }

  async isFork(facts: JobFacts): Promise<boolean | null> {
    this.#call("isFork");
    return Promise.resolve(this.jobs.get(facts.id)?.fork ?? null);
  }

  /** Everything that is open there, or open here: the flow finds out what is news. */
  async findJobs(known: readonly Job[]): Promise<readonly JobEvent[]> {
    this.#call("findJobs");
    const open = new Set(known.map(({ id }) => id));
    const told = [...this.jobs.values()].filter((job) => job.state !== "completed" || open.has(job.id));
    return Promise.resolve(told.map(({ id }) => ({ ...this.event(id), delivery: `found/${id}` })));
  }

  redeliverLost(): Promise<number> {
    return Promise.resolve(0);
  }

  async removeGhosts(isGone: (runner: string) => Promise<boolean>): Promise<number> {
    let count = 0;
    for (const { name, online } of [...this.runners.values()]) {
      if (online || !(await isGone(name.slice("onejob-".length)))) continue;
      this.runners.delete(name);
      count += 1;
    }
    return count;
  }

  #job(id: string): ForgeJob {
    const job = this.jobs.get(id);
    if (job === undefined) throw new Error(`the forge has no job ${id}`);
    return job;
  }

  #call(name: ForgeCall): void {
    this.calls.push(name);
    if (this.#failure !== undefined) throw this.#failure;
  }
}
