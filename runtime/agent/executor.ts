/** What runs jobs inside the machine: from the enrolment to nothing left of its job. */
import type { AgentEvent } from "../core/agent-protocol";
import type { Random } from "../core/ports";
import type { JobEnd, JobParts } from "./job";
import type { Departure } from "./leave";
import type { Teller } from "./teller";

export type Finished = AgentEvent & { readonly type: "finished" };

export type Outcome =
  /** There is nothing to report, or nobody to report to. */
  { readonly kind: "leave"; readonly why: Departure } | { readonly kind: "finished"; readonly event: Finished };

export interface ExecutorParts extends Omit<JobParts, "onStarted"> {
  readonly random: Pick<Random, "id" | "fraction">;
  readonly uptimeMs: () => number;
  readonly tell: Teller;
  /** Aborted when it is announced that the machine will be taken away, with the ms left: what runs goes on until `shutdown`. */
  readonly notice?: AbortSignal;
  /** Aborted when the machine is taken away. */
  readonly shutdown: AbortSignal;
}

/** Says when it listens and when its job has started; how it ended is for the caller to report. */
export type Executor = (payload: string, parts: ExecutorParts) => Promise<Outcome>;

export function finishedBy({ at, ...facts }: JobEnd): Outcome {
  return { kind: "finished", event: { type: "finished", at: new Date(at).toISOString(), ...facts } };
}
