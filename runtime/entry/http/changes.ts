/** News of what changed, as far as whoever runs the server hears of any: a single process hears all, a function nothing. */
import type { Job, JobKey, Runner } from "../../core/model";

export type Change =
  | { readonly kind: "job"; readonly job: Job }
  | { readonly kind: "runner"; readonly runner: Runner }
  | { readonly kind: "log"; readonly job: JobKey; readonly size: number };

export interface Changes {
  publish(change: Change): void;
  /** Answers how to stop listening. */
  subscribe(listener: (change: Change) => void): () => void;
  /**
   * Listens from the call on, so call it before looking: what changes while you look is not missed. `true`: a change
   * matched; `false`: the time is over, or `signal` aborted.
   */
  wait(match: (change: Change) => boolean, timeoutMs: number, signal: AbortSignal): Promise<boolean>;
}
