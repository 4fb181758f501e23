/**
 * From a scenario that breaks a promise to a small one that breaks the same: fewer jobs (those that stay are the same),
 * then fewer kinds of faults, then only those faults that it takes, then only those jobs. The same scenario is shrunk the same way each time.
 */
import { isFaultName, type FaultName } from "./faults";
import type { Scenario } from "./scenario";
import type { Outcome } from "./simulate";

export interface Shrinking {
  readonly run: (scenario: Scenario) => Promise<Outcome>;
  /** So many runs, then what there is must do. @default 400 */
  readonly mostRuns?: number;
  /** Whether it has taken long enough. */
  readonly isLate?: () => boolean;
}

export interface Shrunk {
  /** Of the small one. */
  readonly outcome: Outcome;
  readonly runs: number;
}

export async function shrink(failing: Outcome, shrinking: Shrinking): Promise<Shrunk> {
  const search = new Search(failing, shrinking);
  for (let before = ""; before !== sizeOf(search.best);) {
    before = sizeOf(search.best);
    await search.fewerJobs();
    await search.fewerKinds();
    await search.fewerFaults();
    await search.fewerArrivals();
  }
  return { outcome: named(search.best), runs: search.runs };
}

/** By its faults, each of them. Whatever else might have happened did not, so this is the same history. */
function named(outcome: Outcome): Outcome {
  const { faults: _kinds, only: _some, ...scenario } = outcome.scenario;
  const { happened } = outcome;
  return { ...outcome, scenario: { ...scenario, ...(happened.length === 0 ? { faults: [] } : { only: happened }) } };
}

class Search {
  best: Outcome;
  runs = 0;
  readonly #shrinking: Shrinking;

  constructor(failing: Outcome, shrinking: Shrinking) {
    this.best = failing;
    this.#shrinking = shrinking;
  }

  async fewerJobs(): Promise<void> {
    for (let step = this.best.scenario.jobs - 1; step >= 1; step = Math.floor(step / 2))
      while (this.best.scenario.jobs > step && (await this.#try(fewer(this.best.scenario, step))));
  }

  /** Any of those that are left. */
  async fewerArrivals(): Promise<void> {
    if (this.best.scenario.jobs > 1) await this.#fewer(arrivalsOf, (arrivals) => ({ arrivals }));
  }

  /** Of no use any more once single faults are named. */
  async fewerKinds(): Promise<void> {
    if (this.best.scenario.only === undefined) await this.#fewer(kindsOf, (faults) => ({ faults }));
  }

  fewerFaults(): Promise<void> {
    return this.#fewer(
      ({ happened }) => happened,
      (only) => ({ only }),
    );
  }

  /** Leaves out larger pieces first, then smaller ones; what is left of the list is asked for anew after each success. */
  async #fewer<T>(listOf: (outcome: Outcome) => readonly T[], change: (kept: readonly T[]) => Partial<Scenario>) {
    for (let size = listOf(this.best).length; size >= 1; size = Math.floor(size / 2))
      for (let at = 0; at < listOf(this.best).length;) {
        const list = listOf(this.best);
        const kept = [...list.slice(0, at), ...list.slice(at + size)];
        if (!(await this.#try(change(kept)))) at += size;
      }
  }

  /** Answers whether it still breaks the promise, and is the best from now on. */
  async #try(change: Partial<Scenario>): Promise<boolean> {
    const { run, mostRuns = 400, isLate = () => false } = this.#shrinking;
    if (this.runs >= mostRuns || isLate()) return false;
    this.runs += 1;
    const outcome = await run(changed(this.best.scenario, change));
    if (outcome.violation?.promise !== this.best.violation?.promise) return false;
    this.best = outcome;
    return true;
  }
}

/** Single faults make their kinds superfluous. */
function changed({ faults, ...scenario }: Scenario, change: Partial<Scenario>): Scenario {
  return { ...scenario, ...(faults === undefined || change.only !== undefined ? {} : { faults }), ...change };
}

/** The last ones are not even drawn any more. */
function fewer({ jobs: before, arrivals }: Scenario, step: number): Partial<Scenario> {
  const jobs = before - step;
  return { jobs, ...(arrivals === undefined ? {} : { arrivals: arrivals.filter((index) => index < jobs) }) };
}

function arrivalsOf({ plan }: Outcome): readonly number[] {
  return plan.arrivals.map(({ index }) => index);
}

function kindsOf({ happened }: Outcome): readonly FaultName[] {
  return [...new Set(happened.map((id) => id.slice(0, id.indexOf("#"))))].filter(isFaultName);
}

function sizeOf({ scenario, happened }: Outcome): string {
  return `${scenario.arrivals?.length ?? scenario.jobs} of ${scenario.jobs} jobs, ${happened.length} faults`;
}
