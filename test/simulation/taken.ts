/** What ran on a machine at the moment somebody ended it. */
import type { Instant } from "../../runtime/core/model";

/** A job that runs on a machine, as only that machine knows. */
export interface Work {
  readonly job: string;
  readonly since: Instant;
  /** Since when its agent was not answered by anybody. */
  readonly silentSince: Instant;
}

/** What a machine is in the midst of when somebody ends it. */
export interface Taken {
  readonly work: Work | undefined;
  /** The forge may give it a job at this moment. */
  readonly isOffered: boolean;
}

/** It never came to anything. */
export const untouched: Taken = { work: undefined, isOffered: false };
