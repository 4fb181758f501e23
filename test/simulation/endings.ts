/** How jobs end: once, as their command did, and not before their time. */
import type { Instant, Job, JobKey } from "../../runtime/core/model";
import type { Breach } from "./judge";
import type { Kernel } from "./kernel";
import { queuedMs, waitingMs } from "./sim-settings";

/** Clocks of functions differ by so much. */
const skewMs = 1_000;
/** So many machines may die with it in an attempt before that counts as failed. */
const mostLosses = 3;
/** A drain that was begun again and again, and the words on it that came late. */
const longestDrainMs = 10 * 60_000;
const finalStates: readonly Job["state"][] = ["completed", "failed", "cancelled", "expired"];

/** How a job stands, and since when. */
interface Phase {
  readonly phase: string;
  readonly since: Instant;
  /** Where that is written. */
  readonly profile: Job["profile"];
  readonly before: Phase | undefined;
}

export class Endings {
  readonly ended = new Map<JobKey, Job["state"]>();
  readonly copies = new Map<JobKey, Job>();
  /** Somebody wants them to stop. */
  readonly unwanted = new Set<JobKey>();
  /** When all that ran was last to stop; those that began while it was looked for may be among them. */
  drainedAt = -Infinity;
  readonly #kernel: Kernel;
  /** In which profile they ended. */
  readonly #places = new Map<JobKey, Job["profile"]>();
  /** One that waits for a machine does so however often one is promised to it. */
  readonly #phases = new Map<JobKey, Phase>();
  /** How often a machine that had it was lost before its command began, by attempt. */
  readonly #lost = new Map<string, number>();
  /** On which machine its command runs. */
  readonly #commands = new Map<JobKey, string>();
  readonly #succeeded = new Set<JobKey>();
  /** Exit codes as an agent said them last. */
  readonly #told = new Map<JobKey, number | null>();
  /** Our own jobs by the name they were handed in with, and how many there may be of it. */
  readonly #named = new Map<string, { readonly keys: Set<JobKey>; allowed: number }>();

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  wrote(job: Job): Breach | undefined {
    const { key, state } = job;
    const before = this.ended.get(key);
    if (before !== undefined && this.#isCopy(job)) return void this.copies.set(key, job);
    if (before !== undefined && before !== state)
      return broken("I8", `job ${key} had ended as ${before} and became ${state}`, [key]);
    const twin = this.#handedInOnce(job);
    if (twin !== undefined) return twin;
    const stood = this.#phases.get(key);
    this.#notePhase(job);
    if (!finalStates.includes(state)) return undefined;
    this.ended.set(key, state);
    this.#places.set(key, job.profile);
    return before === undefined ? (this.#expiredEarly(job, stood) ?? this.#endedOtherwise(job, stood)) : undefined;
  }

  dropped({ key, profile }: Job): void {
    if (this.copies.get(key)?.profile === profile) this.copies.delete(key);
    const stood = this.#phases.get(key);
    // Its word was an old one.
    if (stood?.before !== undefined && stood.profile === profile) this.#phases.set(key, stood.before);
  }

  /** It ended while somebody moved it to another profile, where it is written first: that is taken back at once. */
  #isCopy({ key, state, profile }: Job): boolean {
    if (!finalStates.includes(state)) return this.#places.get(key) !== profile;
    this.copies.delete(key);
    return false;
  }

  began(job: JobKey, on: { readonly runner: string; readonly isRunning: (runner: string) => boolean }) {
    const other = this.#commands.get(job);
    this.#commands.set(job, on.runner);
    if (other !== undefined && on.isRunning(other))
      return broken("I8", `${job} runs on ${other} and on ${on.runner}`, [job, other, on.runner]);
    if (!this.#succeeded.has(job)) return undefined;
    return broken("I8", `${job} had succeeded and runs again on ${on.runner}`, [job, on.runner]);
  }

  over(job: JobKey, runner: string): void {
    if (this.#commands.get(job) === runner) this.#commands.delete(job);
  }

  tells(job: JobKey, exitCode: number | null): void {
    this.#told.set(job, exitCode);
  }

  succeeded(job: JobKey): Breach | undefined {
    if (this.#succeeded.has(job)) return broken("I8", `${job} succeeded twice`, [job]);
    this.#succeeded.add(job);
    const state = this.ended.get(job);
    if (state === undefined || state === "completed" || state === "cancelled") return undefined;
    return broken("I1", `the success of ${job} was taken, and the job is ${state}`, [job]);
  }

  /** Somebody asks for another one of that name. */
  askedAgain(name: string): void {
    this.#nameOf(name).allowed += 1;
  }

  #nameOf(name: string) {
    const known = this.#named.get(name) ?? { keys: new Set<JobKey>(), allowed: 1 };
    this.#named.set(name, known);
    return known;
  }

  #handedInOnce({ key, name, work }: Job): Breach | undefined {
    if (work === null) return undefined;
    const { keys, allowed } = this.#nameOf(name);
    if (keys.add(key).size <= allowed) return undefined;
    return broken("I8", `${name} was handed in ${allowed} times, and is ${keys.size} jobs`, [...keys]);
  }

  #notePhase({ key, state, bound, attempt, profile, createdAt, queuedAt }: Job): void {
    const phase = state === "queued" || state === "starting" ? `waits ${bound ? "bound" : ""} ${attempt}` : state;
    const stood = this.#phases.get(key);
    const before = stood?.phase;
    if (before === phase) return;
    // An approval is waited for there, whenever we hear of it, and a machine since we heard, however slowly that is written.
    const heardAt = state === "waiting" ? createdAt : queuedAt;
    const since = stood === undefined ? heardAt : this.#kernel.now();
    this.#phases.set(key, { phase, since, profile, before: stood?.profile === profile ? undefined : stood });
    const name = `${key} ${attempt}`;
    if (before === `waits bound ${attempt}` && phase === `waits  ${attempt}`)
      this.#lost.set(name, (this.#lost.get(name) ?? 0) + 1);
  }

  #expiredEarly({ key, state }: Job, stood: Phase | undefined) {
    if (state !== "expired") return undefined;
    const waitedMs = stood === undefined ? 0 : this.#kernel.now() - stood.since;
    const dueMs = stood?.phase === "waiting" ? waitingMs : queuedMs;
    if (waitedMs >= dueMs - skewMs) return undefined;
    return broken("I1", `job ${key} expired after ${Math.round(waitedMs / 1_000)} s as "${stood?.phase ?? ""}"`, [key]);
  }

  #isUnwanted(key: JobKey): boolean {
    return this.unwanted.has(key) || this.#kernel.now() - this.drainedAt < longestDrainMs;
  }

  /** Of our own jobs nobody else knows how they ended. */
  #endedOtherwise({ key, state, reason, work, attempt, retries }: Job, stood: Phase | undefined): Breach | undefined {
    if (work === null) return undefined;
    const told = this.#told.get(key);
    if (state === "cancelled" && !this.#isUnwanted(key))
      return broken("I1", `job ${key} was cancelled, and nobody asked for that`, [key]);
    if (state === "completed" && told !== 0)
      return broken("I1", `job ${key} is completed, and its last exit code was ${told}`, [key]);
    if (state !== "failed" || reason === "job-timeout") return undefined;
    if (attempt <= retries)
      return broken("I1", `job ${key} may be tried ${retries} times more, and failed in attempt ${attempt}`, [key]);
    const lost = this.#lost.get(`${key} ${attempt}`) ?? 0;
    if (stood?.phase.startsWith("waits bound") !== true || lost >= mostLosses) return undefined;
    return broken("I1", `job ${key} failed, and nothing of it ran`, [key]);
  }
}

function broken(promise: Breach["promise"], what: string, names: readonly string[]): Breach {
  return { promise, what, names };
}
