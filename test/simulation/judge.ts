/**
 * Watches the promises of the house, all the time. It keeps its own picture of what was written and of what is true in the
 * cloud and at the forge, and says at once when the two break a promise. What needs time to be repaired is looked at
 * every minute, and is a breach only when it stands for longer than its promise allows.
 */
import type { FleetRecord, Instant, Job, JobKey, PlannerRecord, Runner } from "../../runtime/core/model";
import { placeOf, type Truth } from "./demand";
import { Endings } from "./endings";
import { Excesses } from "./excesses";
import type { ForgeJob, Rerun } from "./forge-truth";
import { Interruptions } from "./interruptions";
import { Keys } from "./keys";
import { standingWrongs, type Wrong } from "./level-checks";
import type { Kernel } from "./kernel";
import type { Caps, Pace, Picture } from "./picture";
import type { MarketPlan } from "./scenario";
import type { CloudWatch, SimMachine } from "./sim-cloud";
import type { LedgerWatch } from "./sim-ledger";
import type { MachineWatch } from "./sim-machine";
import { Slots } from "./slots";
import type { Taken } from "./taken";
import { leftOver, wrongAtTheEnd } from "./the-end";

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
  I10: "work costs a bounded number of calls, and no work costs none",
  I11: "what an interruption took is run again once, on-demand, or its profile says no; and nothing else is",
} as const;

export type PromiseName = keyof typeof promises;

export interface Breach {
  readonly promise: PromiseName;
  readonly what: string;
  /** What its story is about: ids that stand in the lines to read. */
  readonly names: readonly string[];
}

export interface Violation extends Breach {
  readonly at: Instant;
}

export interface JudgeParts {
  readonly caps: Caps;
  readonly pace: Pace;
  readonly market: MarketPlan;
}

export interface Fairness {
  /** A sweep came to its end in this minute, and the forge answered. */
  readonly swept: boolean;
  readonly cloud: boolean;
  /** The forge was asked what stands differently there, and answered. */
  readonly asked: boolean;
}

export class Judge implements Picture, LedgerWatch, Omit<CloudWatch, "machineTaken" | "said">, MachineWatch {
  readonly jobs = new Map<JobKey, Job>();
  readonly places = new Map<string, Job>();
  readonly runners = new Map<string, Runner>();
  readonly planners = new Map<string, PlannerRecord>();
  readonly machines = new Map<string, SimMachine>();
  fleet: FleetRecord | undefined;
  caps: Caps;
  readonly pace: Pace;
  calmAt: Instant | undefined;
  violation: Violation | undefined;
  readonly #kernel: Kernel;
  readonly #slots = new Slots();
  readonly #endings: Endings;
  readonly #excesses: Excesses;
  readonly #keys: Keys;
  readonly #interruptions: Interruptions;
  readonly #nonces = new Map<string, string>();
  readonly #standing = new Map<string, { readonly minutes: number; readonly rounds: number }>();

  constructor(kernel: Kernel, { caps, pace, market }: JudgeParts) {
    this.#kernel = kernel;
    this.caps = caps;
    this.pace = pace;
    this.#endings = new Endings(kernel);
    this.#excesses = new Excesses(this);
    this.#interruptions = new Interruptions(kernel, { picture: this, market, unwanted: this.#endings.unwanted });
    this.#keys = new Keys(kernel, { picture: this, unwanted: this.#endings.unwanted });
  }

  get ended(): ReadonlyMap<JobKey, Job["state"]> {
    return this.#endings.ended;
  }

  get copies(): ReadonlyMap<JobKey, Job> {
    return this.#endings.copies;
  }

  get launches() {
    return this.#slots.launches;
  }

  calm(): void {
    this.calmAt = this.#kernel.now();
  }

  wroteJob(job: Job): void {
    const isNews = !this.ended.has(job.key);
    this.#say(this.#endings.wrote(job));
    if (isNews) this.#say(this.#interruptions.wrote(job));
    const isOver = this.ended.has(job.key);
    if (isOver) this.jobs.delete(job.key);
    else this.jobs.set(job.key, job);
    if (isOver) this.places.delete(inPlace(job));
    else this.places.set(inPlace(job), job);
  }

  droppedJob(job: Job): void {
    this.#endings.dropped(job);
    this.places.delete(inPlace(job));
    if (this.jobs.get(job.key)?.profile !== job.profile) return;
    const other = [...this.places.values()].find(({ key }) => key === job.key);
    if (other === undefined) this.jobs.delete(job.key);
    else this.jobs.set(job.key, other);
  }

  wroteRunner(runner: Runner): void {
    this.#say(this.#excesses.wroteRunner(runner, placeOf(runner)));
    if (runner.state === "gone") this.runners.delete(runner.id);
    else this.runners.set(runner.id, runner);
  }

  wrotePlanner(planner: PlannerRecord): void {
    this.planners.set(planner.profile, planner);
    const fresh = this.#slots.wrote(planner.launches);
    this.#say(this.#excesses.asked(planner, fresh));
    this.#say(this.#interruptions.asked(fresh));
  }

  wroteFleet(fleet: FleetRecord): void {
    this.fleet = fleet;
  }

  machineStarted(machine: SimMachine): void {
    const { runner, launch } = machine;
    const wrong = this.#slots.started(machine);
    if (wrong !== undefined) this.#say({ promise: "I5", what: wrong, names: [runner, launch] });
    this.machines.set(runner, machine);
    this.#say(this.#excesses.started(machine));
  }

  machineEnded(machine: SimMachine): void {
    this.machines.delete(machine.runner);
    this.#slots.ended(machine);
    this.#excesses.ended(machine);
  }

  enrolled(runner: string, nonce: string): void {
    const holder = this.#nonces.get(runner) ?? nonce;
    this.#nonces.set(runner, holder);
    const what = `the enrolment of ${runner} went to ${holder} and to ${nonce}`;
    if (holder !== nonce) this.#say({ promise: "I4", what, names: [runner] });
  }

  commandBegan(job: JobKey, runner: string): void {
    this.#say(this.#endings.began(job, { runner, isRunning: (other) => this.machines.has(other) }));
  }

  commandEnded(job: JobKey, runner: string): void {
    this.#endings.over(job, runner);
  }

  commandTells(job: JobKey, exitCode: number | null): void {
    this.#endings.tells(job, exitCode);
  }

  commandSucceeded(job: JobKey): void {
    this.#say(this.#endings.succeeded(job));
  }

  /** Somebody has a job of ours run again. */
  unwanted(key: JobKey): void {
    this.#endings.unwanted.add(key);
  }

  /** Now, and while they are looked for. */
  allUnwanted(): void {
    for (const key of this.jobs.keys()) this.#endings.unwanted.add(key);
    this.#endings.drainedAt = this.#kernel.now();
  }

  askedAgain(name: string): void {
    this.#endings.askedAgain(name);
  }

  /** The cloud gives notice, whoever hears of it. */
  noticed(runner: string): void {
    this.#interruptions.noticed.set(runner, this.#kernel.now());
  }

  wantsAgain(key: JobKey): void {
    this.#interruptions.wantsAgain(key);
  }

  cancelled(key: JobKey): void {
    this.#interruptions.cancelled.add(key);
  }

  ranAgain(job: ForgeJob, by: Rerun): void {
    this.#say(this.#interruptions.ranAgain(job, by));
  }

  /** Profiles that are there from now on. */
  configured(names: readonly string[]): void {
    this.#interruptions.configured(names);
  }

  machineTaken(runner: string, taken: Taken): void {
    this.#say(this.#keys.taken(runner, taken));
  }

  /** Once a minute. What stands too long is a breach; a minute counts when those who repair it could. */
  look(truth: Truth, fair: Fairness): void {
    const wrongs = standingWrongs(this, truth, this.#kernel.now());
    const names = new Set(wrongs.map(({ name }) => name));
    for (const name of this.#standing.keys()) if (!names.has(name)) this.#standing.delete(name);
    for (const wrong of wrongs) {
      const counts = fair.swept && (fair.cloud || wrong.despiteCloud === true);
      this.#count(wrong, { minutes: counts ? 1 : 0, rounds: fair.asked ? 1 : 0 });
    }
  }

  /** After everything went well for long: whatever is open now is lost. */
  lookAtTheEnd(truth: Truth, queued: number): void {
    for (const breach of [
      ...wrongAtTheEnd(this, { ...truth, unwanted: this.#endings.unwanted, interrupted: this.#interruptions.ended }),
      ...this.#interruptions.atTheEnd(),
      ...leftOver(this, queued),
    ])
      this.#say(breach);
  }

  /** What only somebody else could count. */
  note(breach: Breach | undefined): void {
    this.#say(breach);
  }

  /** A server that starts anew, or with other settings, gives everything another chance. */
  forgives(): void {
    this.#excesses.forgive();
  }

  #count(wrong: Wrong, passed: { readonly minutes: number; readonly rounds: number }): void {
    const { name, promise, what, names } = wrong;
    const before = this.#standing.get(name);
    // A round in the minute in which it came up may have been before it.
    const rounds = before === undefined ? 0 : before.rounds + passed.rounds;
    const now = { minutes: (before?.minutes ?? 0) + passed.minutes, rounds };
    this.#standing.set(name, now);
    if (now.minutes > wrong.minutes && now.rounds >= (wrong.rounds ?? 0))
      this.#say({ promise, what: `${what}, for ${now.minutes} minutes`, names });
  }

  #say(breach: Breach | undefined): void {
    if (breach !== undefined) this.violation ??= { ...breach, at: this.#kernel.now() };
  }
}

function inPlace({ key, profile }: Job): string {
  return `${key} ${profile ?? ""}`;
}
