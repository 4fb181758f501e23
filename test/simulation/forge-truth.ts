/**
 * The forge: what is true there of jobs and runners, whoever was told. It gives any job that waits to any runner that
 * listens in reach; a runner that was given one has a moment to take it, else another one gets it a minute later.
 */
import { runnerName, type Instant } from "../../runtime/core/model";
import type { RerunWish } from "../../runtime/core/ports";
import type { Standing } from "../fakes/forge-jobs";
import type { Dice } from "./dice";
import type { Kernel } from "./kernel";

export interface ForgeJob extends Standing {
  readonly id: string;
  /** Within its run, the same however often it is run. */
  readonly name: string;
  readonly labels: readonly string[];
  readonly run: string;
  /** Of its run. */
  readonly attempt: number;
  readonly durationMs: number;
  /** When it comes to its end. */
  readonly fails: boolean;
  readonly createdAt: Instant;
  /** As it stood before its last move, and when that was. */
  before: { readonly job: ForgeJob; readonly until: Instant } | null;
}

/** Held back for an approval, or not. */
export type Offered = "waiting" | "queued";

type Fresh = Pick<ForgeJob, "id" | "name" | "labels" | "run" | "attempt" | "durationMs" | "fails" | "state">;

/** The program on a machine that waits for a job there. */
export interface Listener {
  /** Answers whether it begins the job. */
  take(job: ForgeJob): boolean;
  /** The forge wants the running job stopped. */
  cancel(): void;
  /** It is not known there any more. */
  dropped(): void;
}

export interface ForgeRunner {
  readonly name: string;
  readonly handle: string;
  readonly labels: readonly string[];
  /** Never given anything, for a reason that only its owner could find. */
  readonly shunned: boolean;
  listener: Listener | null;
  job: string | null;
  /** Until then it is said to be busy, though it is not. */
  busyUntil: Instant;
}

export interface ForgeWatch {
  /** Something became of a job that a webhook tells. */
  moved(job: ForgeJob): void;
  runOver(run: string): void;
  /** We had it run again. */
  ranAgain(job: ForgeJob, by: Rerun): void;
}

/** `made`: what came of it; `undefined`: it is refused for good. */
export interface Rerun {
  readonly made: ForgeJob | undefined;
  /** A person wanted it, and we did not by ourselves. */
  readonly wished: boolean;
}

const minute = 60_000;
/** Those of others; a job on them is no business of ours. */
const theirs = "their-runner";
/** After so long without a sign of the machine its job has failed. */
const lostMs = 10 * minute;
/** Longer than we wait. */
const longestWaitMs = 130 * minute;
/** How far its answers may be behind. */
const staleMs = 30_000;

export class ForgeTruth {
  readonly kernel: Kernel;
  readonly dice: Dice;
  readonly jobs = new Map<string, ForgeJob>();
  readonly runners = new Map<string, ForgeRunner>();
  /** Jobs that have not ended. */
  readonly open = new Map<string, ForgeJob>();
  readonly #watch: ForgeWatch;
  readonly #queued = new Map<string, ForgeJob>();
  readonly #attempts = new Map<string, number>();
  /** By run and name: what came of a job at last. Later attempts carry it along as it ended. */
  readonly #latest = new Map<string, ForgeJob>();
  #registered = 0;
  #shunsUntil = 0;

  constructor(parts: { readonly kernel: Kernel; readonly dice: Dice; readonly watch: ForgeWatch }) {
    this.kernel = parts.kernel;
    this.dice = parts.dice;
    this.#watch = parts.watch;
  }

  create(given: Pick<ForgeJob, "id" | "labels" | "run" | "durationMs" | "fails">, state: Offered = "queued"): ForgeJob {
    return this.#create({ ...given, name: given.id, attempt: 1 }, state);
  }

  /** As a new job of its run's next attempt. */
  again({ name, labels, run, durationMs, fails }: ForgeJob, id: string, state: Offered = "queued"): ForgeJob {
    const attempt = (this.#attempts.get(run) ?? 1) + 1;
    this.#attempts.set(run, attempt);
    return this.#create({ id, name, labels, run, durationMs, fails, attempt }, state);
  }

  /** What it is asked for by its API: not while its run goes on, nor once it has been run again. */
  rerun(id: string, { wished, unlessDone }: Pick<Rerun, "wished"> & RerunWish): "asked" | "later" | "refused" {
    const job = this.jobs.get(id);
    if (job === undefined) return "refused";
    if (this.isUnderWay(job.run)) return "later";
    const isRunAgain = this.#latest.get(placeOf(job)) !== job;
    if (isRunAgain || (unlessDone && job.conclusion === "success")) {
      this.#watch.ranAgain(job, { made: undefined, wished });
      return unlessDone ? "asked" : "refused";
    }
    const isHeld = this.dice.strikes("approval", job, 4);
    const made = this.again(job, `${job.name}+${job.attempt}`, isHeld ? "waiting" : "queued");
    if (isHeld) this.kernel.after(this.dice.between(30, 600, "approve") * 1_000, () => this.offer(made, "queued"));
    this.#watch.ranAgain(job, { made, wished });
    return "asked";
  }

  isUnderWay(run: string): boolean {
    for (const job of this.open.values()) if (job.run === run) return true;
    return false;
  }

  #create(given: Omit<Fresh, "state">, state: Offered): ForgeJob {
    const none = { conclusion: null, runner: null, startedAt: null, endedAt: null, before: null };
    const job: ForgeJob = { ...given, ...none, state, createdAt: this.kernel.now() };
    this.jobs.set(job.id, job);
    this.open.set(job.id, job);
    this.#latest.set(placeOf(job), job);
    this.#moved(job);
    return job;
  }

  /** Without a word to anybody. One that runs goes on for nobody. */
  delete(job: ForgeJob): void {
    if (job.state === "completed" || job.state === "in_progress") return;
    this.jobs.delete(job.id);
    this.open.delete(job.id);
    this.#queued.delete(job.id);
    job.state = "completed";
  }

  /** For an approval, or given. Nothing happens to one that runs or ended. */
  offer(job: ForgeJob, state: Offered): void {
    if (job.state !== (state === "waiting" ? "queued" : "waiting")) return;
    this.#move(job, { state });
  }

  cancel(job: ForgeJob): void {
    if (job.state === "queued" || job.state === "waiting") this.end(job, "cancelled");
    if (job.state !== "in_progress") return;
    const listener = this.runners.get(job.runner ?? "")?.listener;
    if (listener) listener.cancel();
    this.kernel.after(5 * minute, () => this.end(job, "cancelled"));
  }

  end(job: ForgeJob, conclusion: "success" | "failure" | "cancelled"): void {
    if (job.state === "completed") return;
    this.open.delete(job.id);
    this.#move(job, { state: "completed", conclusion, endedAt: this.kernel.now() });
    const runner = this.runners.get(job.runner ?? "");
    // A runner for one job is forgotten with it; one that is silent stays, as somebody has to notice.
    if (runner?.job === job.id) {
      if (runner.listener !== null) this.runners.delete(runner.name);
      else this.#free(runner);
    }
    if (!this.isUnderWay(job.run)) this.#watch.runOver(job.run);
  }

  register(name: string, labels: readonly string[]): ForgeRunner {
    this.runners.get(name)?.listener?.dropped();
    this.#registered += 1;
    const handle = `h${this.#registered}`;
    const shunned = this.#isShunned(name);
    const runner: ForgeRunner = { name, handle, labels, shunned, listener: null, job: null, busyUntil: 0 };
    this.runners.set(name, runner);
    return runner;
  }

  #isShunned(name: string): boolean {
    const now = this.kernel.now();
    if (this.dice.strikes("bad-group", name)) this.#shunsUntil = now + this.dice.between(20, 60, "group") * minute;
    return this.#shunsUntil > now || this.dice.strikes("never-given", name);
  }

  isBusy(runner: ForgeRunner): boolean {
    const now = this.kernel.now();
    if (runner.job === null && this.dice.strikes("busy-lag", runner.name)) runner.busyUntil = now + 30_000;
    return runner.job !== null || runner.busyUntil > now;
  }

  forget(runner: ForgeRunner): void {
    if (this.runners.get(runner.name) !== runner) return;
    this.runners.delete(runner.name);
    runner.listener?.dropped();
  }

  /** Answers whether its credential is (still) good. */
  listens(runner: string, handle: string, listener: Listener): boolean {
    const standing = this.runners.get(runnerName(runner));
    if (standing?.handle !== handle) return false;
    standing.listener = listener;
    if (this.dice.strikes("runner-dropped", runner))
      this.kernel.after(this.dice.between(1_000, 120_000, "drop"), () => {
        if (standing.job === null) this.forget(standing);
      });
    this.#assignSoon();
    return true;
  }

  /** The program ended, or its machine did. What ran there is lost, which the forge finds out much later. */
  leaves(runner: string): void {
    const standing = this.runners.get(runnerName(runner));
    if (standing === undefined) return;
    standing.listener = null;
    const job = standing.job === null ? undefined : this.jobs.get(standing.job);
    if (job?.state === "in_progress") this.kernel.after(lostMs, () => this.end(job, "failure"));
  }

  /** How it is said to stand: now, or as an answer that is behind has it. */
  shown(job: ForgeJob): ForgeJob {
    const { before } = job;
    if (before === null || this.kernel.now() - before.until > staleMs) return job;
    return this.dice.strikes("stale-answer", job) ? before.job : job;
  }

  #move(job: ForgeJob, change: Partial<ForgeJob>): void {
    const before = { job: { ...job, before: null }, until: this.kernel.now() };
    Object.assign(job, change, { before });
    this.#moved(job);
  }

  #moved(job: ForgeJob): void {
    if (job.state === "queued") {
      this.#queued.set(job.id, job);
      this.#assignSoon();
      this.#expireInTime(job);
      if (this.dice.strikes("foreign-runner", job)) this.#takeElsewhere(job);
    } else this.#queued.delete(job.id);
    this.#watch.moved(job);
  }

  /** As GitHub does after a day. */
  #expireInTime(job: ForgeJob): void {
    const since = this.kernel.now();
    this.kernel.after(longestWaitMs, () => {
      const { state, before } = job;
      if (state === "queued" && (before?.until ?? job.createdAt) === since) this.end(job, "cancelled");
    });
  }

  #takeElsewhere(job: ForgeJob): void {
    this.kernel.after(this.dice.between(1_000, 60_000, "foreign"), () => {
      if (!this.#queued.has(job.id)) return;
      this.#start(job, theirs);
      this.kernel.after(job.durationMs, () => this.end(job, "success"));
    });
  }

  #assignSoon(): void {
    this.kernel.after(this.dice.between(200, 3_000, "assign"), () => this.#assign());
  }

  #assign(): void {
    const free = [...this.runners.values()].filter(
      ({ listener, job, shunned }) => listener !== null && job === null && !shunned,
    );
    while (free.length > 0) {
      const [runner] = free.splice(this.dice.between(0, free.length - 1, "give"), 1);
      const fitting = [...this.#queued.values()].filter(({ labels }) =>
        labels.every((l) => runner?.labels.includes(l)),
      );
      const job = this.dice.pick(fitting, "give");
      if (runner !== undefined && job !== undefined) return this.#give(job, runner);
    }
  }

  #give(job: ForgeJob, runner: ForgeRunner): void {
    runner.job = job.id;
    this.#queued.delete(job.id);
    this.#assignSoon();
    this.kernel.after(this.dice.between(100, 2_000, "take"), () => {
      if (job.state === "queued" && runner.listener?.take(job) === true) return this.#start(job, runner.name);
      if (job.state !== "queued") return this.#free(runner);
      this.kernel.after(minute, () => {
        this.#free(runner);
        if (job.state !== "queued") return;
        this.#queued.set(job.id, job);
        this.#assignSoon();
      });
    });
  }

  #free(runner: ForgeRunner): void {
    runner.job = null;
    this.#assignSoon();
  }

  #start(job: ForgeJob, runner: string): void {
    this.#move(job, { state: "in_progress", runner, startedAt: this.kernel.now() });
  }
}

function placeOf({ run, name }: ForgeJob): string {
  return `${run} ${name}`;
}
