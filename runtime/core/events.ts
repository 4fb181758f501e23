/** What a source tells us about a job, after its own dialect has been parsed away. Small: at most 8 KB. */
import type { Instant, JobKey, JobOrigin, JobWork } from "./model";

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
  readonly origin: JobOrigin | null;
}

export interface JobEvent {
  readonly kind: "queued" | "waiting" | "started" | "finished" | "cancelled";
  readonly facts: JobFacts;
  /** When it happened; a source whose clock may be wrong gives its best guess, never after `receivedAt`. */
  readonly at: Instant;
  readonly receivedAt: Instant;
  /** The delivery that said so; a second one with the same id is ignored. */
  readonly delivery: string;
  /** The runner's name as the source knows it (`started`, `finished`). */
  readonly runnerName: string | null;
  /** `finished`, `cancelled`: when it had started, where the source says so. */
  readonly startedAt?: Instant;
  /** `finished`: did it end well? */
  readonly succeeded: boolean | null;
}

/** A source's run of many jobs is over: whatever of it is still open here is out of step. */
export interface RunOver {
  readonly source: string;
  readonly host: string;
  readonly repository: string;
  readonly run: string;
}

/** What a delivery says, once verified and parsed. */
export type Parsed =
  | { readonly kind: "events"; readonly events: readonly JobEvent[] }
  | { readonly kind: "run-over"; readonly run: RunOver }
  | { readonly kind: "ignored"; readonly reason: IgnoredReason };

/** Why a delivery is none of our business. */
export type IgnoredReason = "unknown-event" | "ignored-ping" | "ignored-action" | "ignored-scope";
