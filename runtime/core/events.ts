/** What a source tells us about a job, after its own dialect has been parsed away. Small: at most 8 KB. */
import type { Instant, JobKey, JobWork } from "./model";

/** The facts of a job that a source knows; any event may be the first we hear of it. */
export interface JobFacts {
  readonly key: JobKey;
  readonly source: string;
  readonly host: string;
  readonly id: string;
  readonly scope: string;
  readonly group: string;
  readonly name: string;
  readonly labels: readonly string[];
  /** Asked for by name, past the labels; only `api` jobs can. */
  readonly profile: string | null;
  readonly url: string | null;
  readonly createdAt: Instant;
  readonly retries: number;
  readonly work: JobWork | null;
}

export interface JobEvent {
  readonly kind: "queued" | "waiting" | "started" | "finished" | "cancelled";
  readonly facts: JobFacts;
  /** When it happened there, in the source's clock. */
  readonly at: Instant;
  readonly receivedAt: Instant;
  /** The delivery that said so; a second one with the same id is ignored. */
  readonly delivery: string;
  /** The runner's name as the source knows it (`started`, `finished`). */
  readonly runnerName: string | null;
  /** `finished`: did it end well? */
  readonly succeeded: boolean | null;
}
