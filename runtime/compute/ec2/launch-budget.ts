/**
 * EC2 lets an account make so many machines, and so many calls for them, in a region: token buckets, which one call too many
 * empties for everybody. A process keeps to its part of them, so that a storm of jobs slows down before AWS refuses it.
 * @see https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html
 */
import type { Instant } from "../../core/model";
import type { Clock } from "../../core/ports";

/** "RunInstances resource token bucket", which CreateFleet draws from, too. */
const machineLimit = { size: 1_000, perSecond: 2 };
/** Calls that change something. */
const callLimit = { size: 50, perSecond: 5 };
/** One profile is planned by one process at a time, so a storm has one or two; more of them meet AWS's own refusal. */
const processes = 2;
/** The rest of a launch is put off for no longer: another process may have room before this one has it for all. */
const longestPutOffMs = 15_000;

class Bucket {
  readonly #clock: Clock;
  readonly #size: number;
  readonly #perMs: number;
  #left: number;
  #at: Instant;

  constructor(limit: { readonly size: number; readonly perSecond: number }, clock: Clock) {
    this.#clock = clock;
    this.#size = limit.size / processes;
    this.#perMs = limit.perSecond / 1_000 / processes;
    this.#left = this.#size;
    this.#at = clock.now();
  }

  get left(): number {
    const now = this.#clock.now();
    this.add(Math.max(0, now - this.#at) * this.#perMs);
    this.#at = now;
    return Math.floor(this.#left);
  }

  /** Below nothing, too: what had to be done delays what comes next. */
  add(count: number): void {
    this.#left = Math.min(this.#size, this.#left + count);
  }

  /** Until there are so many. */
  waitMs(count: number): number {
    return this.left >= count ? 0 : Math.ceil((count - this.#left) / this.#perMs);
  }
}

export class LaunchBudget {
  readonly #clock: Clock;
  readonly #machines: Bucket;
  readonly #calls: Bucket;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#machines = new Bucket(machineLimit, clock);
    this.#calls = new Bucket(callLimit, clock);
  }

  /** How many of them may be asked for now. */
  take(machines: number): number {
    const room = this.#calls.left < 1 ? 0 : Math.max(0, this.#machines.left);
    return this.takeAll(Math.min(machines, room));
  }

  takeAll(machines: number): number {
    this.#machines.add(-machines);
    return machines;
  }

  /** They were not made. */
  giveBack(machines: number): void {
    this.#machines.add(machines);
  }

  called(): void {
    this.#calls.add(-1);
  }

  /** When so many may be asked for, or some of them. */
  nextAt(machines: number): Instant {
    const soonestMs = Math.max(this.#calls.waitMs(1), this.#machines.waitMs(1));
    const allMs = Math.max(soonestMs, this.#machines.waitMs(machines));
    return this.#clock.now() + Math.max(soonestMs, Math.min(allMs, longestPutOffMs));
  }
}
