/**
 * Watches the promises of the house, all the time. It keeps its own picture of what was written and of what is true in the
 * cloud and at the forge, and says at once when the two break a promise. What needs time to be repaired is looked at
 * every minute, and is a breach only when it stands for longer than its promise allows.
 */
import { isFinal, isGone } from "../../runtime/core/lifecycle";
import type { Instant, Job, JobKey, PlannerRecord, Runner } from "../../runtime/core/model";
import type { ForgeTruth } from "./forge-truth";
import { placeOf, standingWrongs, unwanted, type Wrong } from "./level-checks";
import type { Kernel } from "./kernel";
import type { CloudWatch, SimMachine } from "./sim-cloud";
import { jobKey } from "./sim-forge";
import type { LedgerWatch } from "./sim-ledger";
import type { MachineWatch, Work } from "./sim-machine";

export const promises = {
  I1: "every admitted job ends, or says why not, by its deadline",
  I2: "no machine is alive past its deadline and a sweep",
  I3: "live runners never exceed a cap",
  I4: "an enrolment is never given to two nonces",
  I5: "no two machines for one slot of a launch",
  I6: "supply does not exceed demand for longer than two sweeps",
  I7: "every waiting job says why",
  I8: "no job runs twice to success",
  I9: "machines that never report in, or never take a job, are not made without end",
} as const;

export type PromiseName = keyof typeof promises;

export interface Violation {
  readonly promise: PromiseName;
  readonly at: Instant;
  readonly what: string;
  /** What its story is about: ids that stand in the lines to read. */
  readonly names: readonly string[];
}

export interface Caps {
  readonly profile: number;
  readonly fleet: number;
}

/** After so long in silence a machine may be ended, whatever it does; and when its job has had its time. */
const hopelessMs = 10 * 60_000;
const longestJobMs = 60 * 60_000;
/** Of a run: launches that may ask for too many. */
const fewExcesses = 5;

/** It never came up, or listened in vain while somebody waited. */
function isUseless({ reason, nonce, job, begunAt }: Runner): boolean {
  if (job !== null || begunAt !== undefined) return false;
  return reason === "idle-timeout" || (nonce === null && (reason === "boot-timeout" || reason === "agent-lost"));
}

export class Judge implements LedgerWatch, Omit<CloudWatch, "machineTaken">, MachineWatch {
  /** As last written, without the ended ones. */
  readonly jobs = new Map<JobKey, Job>();
  readonly runners = new Map<string, Runner>();
  readonly planners = new Map<string, PlannerRecord>();
  readonly machines = new Map<string, SimMachine>();
  readonly ended = new Map<JobKey, Job["state"]>();
  violation: Violation | undefined;
  readonly #kernel: Kernel;
  readonly caps: Caps;
  /** From when on nothing goes wrong any more. */
  calmAt: Instant | undefined;
  readonly #perProfile = new Map<string, number>();
  readonly #slots = new Set<string>();
  readonly #nonces = new Map<string, string>();
  readonly #commands = new Map<string, string>();
  readonly #succeeded = new Set<string>();
  readonly #endedAs = new Map<string, Job["state"]>();
  /** Exit codes as an agent said them last, by name of the job. */
  readonly #told = new Map<string, number | null>();
  /** Machines in a row that never reported in, by profile and reach. */
  readonly #useless = new Map<string, Set<string>>();
  #excesses = 0;
  readonly #standing = new Map<string, number>();

  constructor(kernel: Kernel, caps: Caps) {
    this.#kernel = kernel;
    this.caps = caps;
  }

  wroteJob(job: Job): void {
    const before = this.ended.get(job.key);
    if (before !== undefined && before !== job.state)
      this.#breach("I8", `job ${job.key} had ended as ${before} and became ${job.state}`, [job.key]);
    if (!isFinal(job.state)) this.jobs.set(job.key, job);
    else {
      this.jobs.delete(job.key);
      this.ended.set(job.key, job.state);
      this.#checkEnd(job);
    }
  }

  /** Of our own jobs nobody else knows how they ended. */
  #checkEnd({ key, name, state, reason, work, attempt, retries }: Job): void {
    if (work === null) return;
    this.#endedAs.set(name, state);
    const told = this.#told.get(name);
    if (state === "completed" && told !== 0)
      this.#breach("I1", `job ${key} is completed, and its last exit code was ${told}`, [key]);
    if (state === "failed" && reason === "command-failed" && attempt <= retries)
      this.#breach("I1", `job ${key} may be tried ${retries} times more, and failed in attempt ${attempt}`, [key]);
  }

  calm(): void {
    this.calmAt = this.#kernel.now();
  }

  droppedJob(job: Job): void {
    if (this.jobs.get(job.key)?.profile === job.profile) this.jobs.delete(job.key);
  }

  wroteRunner(runner: Runner): void {
    this.#countUseless(runner);
    if (runner.begunAt !== undefined || runner.job !== null) this.#useless.delete(placeOf(runner));
    if (isGone(runner.state)) this.runners.delete(runner.id);
    else this.runners.set(runner.id, runner);
  }

  wrotePlanner(planner: PlannerRecord): void {
    const known = new Set(this.planners.get(planner.profile)?.launches.map(({ id }) => id));
    const fresh = planner.launches.filter(({ id }) => !known.has(id));
    this.planners.set(planner.profile, planner);
    if (fresh.length === 0 || unwanted(this, planner, fresh) === 0) return;
    this.#excesses += 1;
    const launches = fresh.map(({ id }) => id);
    // One that was paused between reading and writing may ask for too many, once in a while.
    if (this.#excesses > fewExcesses)
      this.#breach("I6", `launches ask for more machines than are wanted, ${launches.join(" ")} is the last`, launches);
  }

  machineStarted(machine: SimMachine): void {
    const { runner, launch, profile } = machine;
    const slot = `${launch}/${runner}`;
    if (this.#slots.has(slot)) this.#breach("I5", `slot ${slot} got a second machine`, [runner, launch]);
    this.#slots.add(slot);
    this.machines.set(runner, machine);
    const count = (this.#perProfile.get(profile) ?? 0) + 1;
    this.#perProfile.set(profile, count);
    if (count > this.caps.profile)
      this.#breach("I3", `${count} machines of ${profile}, ${this.caps.profile} are allowed`, [launch, profile]);
    if (this.machines.size > this.caps.fleet)
      this.#breach("I3", `${this.machines.size} machines in all, ${this.caps.fleet} are allowed`, [launch, "fleet"]);
  }

  machineEnded({ runner, profile }: SimMachine): void {
    this.machines.delete(runner);
    this.#perProfile.set(profile, (this.#perProfile.get(profile) ?? 1) - 1);
  }

  enrolled(runner: string, nonce: string): void {
    const holder = this.#nonces.get(runner) ?? nonce;
    this.#nonces.set(runner, holder);
    if (holder !== nonce) this.#breach("I4", `the enrolment of ${runner} went to ${holder} and to ${nonce}`, [runner]);
  }

  commandBegan(job: string, runner: string): void {
    const other = this.#commands.get(job);
    if (other !== undefined && this.machines.has(other))
      this.#breach("I8", `${job} runs on ${other} and on ${runner}`, [job, other, runner]);
    if (this.#succeeded.has(job)) this.#breach("I8", `${job} had succeeded and runs again on ${runner}`, [job, runner]);
    this.#commands.set(job, runner);
  }

  commandEnded(job: string, runner: string): void {
    if (this.#commands.get(job) === runner) this.#commands.delete(job);
  }

  commandTells(job: string, exitCode: number | null): void {
    this.#told.set(job, exitCode);
  }

  commandSucceeded(job: string): void {
    if (this.#succeeded.has(job)) this.#breach("I8", `${job} succeeded twice`, [job]);
    this.#succeeded.add(job);
    const state = this.#endedAs.get(job);
    if (state !== undefined && state !== "completed" && state !== "cancelled")
      this.#breach("I1", `the success of ${job} was taken, and the job is ${state}`, [job]);
  }

  machineTaken(runner: string, work: Work | undefined): void {
    const now = this.#kernel.now();
    if (
      work === undefined ||
      this.#isCancelled(work.job) ||
      now - work.silentSince >= hopelessMs ||
      now - work.since >= longestJobMs
    )
      return;
    this.#breach("I1", `machine ${runner} was ended under job ${work.job}`, [runner, work.job]);
  }

  #isCancelled(key: string): boolean {
    return this.ended.get(key) === "cancelled" || this.jobs.get(key)?.cancelRequestedAt != null;
  }

  /** Once a minute. `isFair`: everybody who is needed for a repair has answered in this minute. */
  look(forge: ForgeTruth, { isFair }: { readonly isFair: boolean }): void {
    const wrongs = standingWrongs(this, forge, this.#kernel.now());
    const names = new Set(wrongs.map(({ name }) => name));
    for (const name of this.#standing.keys()) if (!names.has(name)) this.#standing.delete(name);
    for (const wrong of wrongs) this.#count(wrong, { minutes: isFair ? 1 : 0 });
  }

  /** After everything went well for long: whatever is open now is lost. */
  lookAtTheEnd(forge: ForgeTruth): void {
    for (const job of this.jobs.values()) this.#breach("I1", `job ${job.key} is still ${job.state}`, [job.key]);
    for (const { id } of forge.open.values()) this.#breach("I1", `job ${id} never ran at the forge`, [jobKey(id)]);
    for (const runner of this.machines.keys()) this.#breach("I2", `machine ${runner} still runs`, [runner]);
    for (const { id, state } of this.runners.values()) this.#breach("I2", `runner ${id} is still ${state}`, [id]);
    for (const name of forge.runners.keys()) this.#breach("I2", `${name} still stands at the forge`, [name.slice(7)]);
    for (const job of forge.jobs.values()) {
      const here = this.ended.get(jobKey(job.id));
      // What waited too long for us ended here with that reason; others may have run it since.
      if (here !== undefined && here !== "expired" && (here === "completed") !== (job.conclusion === "success"))
        this.#breach("I1", `job ${job.id} is ${here} here and ${job.conclusion} at the forge`, [jobKey(job.id)]);
    }
  }

  /** A server that starts anew gives everything another chance. */
  serverStarted(): void {
    this.#useless.clear();
  }

  #countUseless(runner: Runner): void {
    const { id, profile } = runner;
    if (!isUseless(runner)) return;
    const useless = (this.#useless.get(placeOf(runner)) ?? new Set()).add(id);
    this.#useless.set(placeOf(runner), useless);
    // Two rounds are under way before anybody can know; then a probe now and then.
    if (useless.size > 2 * this.caps.profile + 8)
      this.#breach("I9", `${useless.size} machines of ${profile} in a row were of no use`, [profile, id]);
  }

  #count({ name, promise, what, names, minutes }: Wrong, passed: { readonly minutes: number }): void {
    const count = (this.#standing.get(name) ?? 0) + passed.minutes;
    this.#standing.set(name, count);
    if (count > minutes) this.#breach(promise, `${what}, for ${count} minutes`, names);
  }

  #breach(promise: PromiseName, what: string, names: readonly string[]): void {
    this.violation ??= { promise, at: this.#kernel.now(), what, names };
  }
}
