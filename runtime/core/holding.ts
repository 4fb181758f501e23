/** Which runner has which job: a fact once the job says so, a promise while only the runner does. */
import { isFinal, isUnderWay } from "./lifecycle";
import type { Job, Runner } from "./model";

/** Some runner has it, for a fact. */
export function isServed(job: Pick<Job, "bound" | "state">): boolean {
  return job.bound || isUnderWay(job);
}

/** The runner has this attempt of the job, for a fact. */
export function holdsJob(runner: Pick<Runner, "id" | "attempt">, job: Job): boolean {
  return job.bound && job.runner === runner.id && job.attempt === runner.attempt;
}

/** The runner is set aside for this attempt, and nobody else has it. */
export function isReserved(runner: Runner, job: Job): boolean {
  const free = !job.bound || job.runner === runner.id;
  return runner.job === job.key && runner.attempt === job.attempt && free && !isFinal(job.state);
}
