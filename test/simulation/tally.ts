/** What many seeds came to: sums, and what failed. */
import { faultNames, faults, type Fault, type FaultName } from "./faults";
import type { Violation } from "./judge";
import type { Scenario } from "./scenario";

/** Of one seed, as it comes from another thread. */
export interface Ran {
  readonly scenario: Scenario;
  readonly jobs: number;
  readonly faults: ReadonlyMap<FaultName, number>;
  /** Of virtual time. */
  readonly tookMs: number;
  readonly violation: Violation | undefined;
}

/** It broke a promise; without one: the simulation itself broke. */
export interface Failure {
  readonly scenario: Scenario;
  readonly promise: Violation["promise"] | undefined;
  readonly what: string;
}

type FaultClass = Fault["class"];

export class Tally {
  seeds = 0;
  jobs = 0;
  virtualMs = 0;
  readonly failures: Failure[] = [];
  readonly #counts = new Map<FaultName, number>();

  add({ scenario, jobs, faults: counts, tookMs, violation }: Ran): void {
    this.seeds += 1;
    this.jobs += jobs;
    this.virtualMs += tookMs;
    for (const [name, count] of counts) this.#counts.set(name, this.count(name) + count);
    if (violation === undefined) return;
    const { promise, what } = violation;
    this.failures.push({ scenario, promise, what });
  }

  addBroken(scenario: Scenario, what: string): void {
    this.seeds += 1;
    this.failures.push({ scenario, promise: undefined, what });
  }

  count(name: FaultName): number {
    return this.#counts.get(name) ?? 0;
  }

  get faults(): number {
    return [...this.#counts.values()].reduce((sum, count) => sum + count, 0);
  }

  /** In the order of the table of faults. */
  get byClass(): ReadonlyMap<FaultClass, readonly FaultName[]> {
    const classes = new Map<FaultClass, FaultName[]>();
    for (const name of faultNames) classes.set(faults[name].class, [...(classes.get(faults[name].class) ?? []), name]);
    return classes;
  }

  /** By seed, whichever thread was first. */
  get sortedFailures(): readonly Failure[] {
    return [...this.failures].sort((a, b) => a.scenario.seed - b.scenario.seed);
  }
}
