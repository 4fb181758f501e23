/**
 * Asking SSM again: it takes some tens of calls per second for the whole account, and many functions may start in the
 * same moment. Each waits a random while, so that they do not all come back together.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Clock, Random } from "../../core/ports";

export interface Patience {
  /** After that time nothing is asked again. */
  readonly withinMs: number;
  readonly clock: Clock;
  readonly random: Pick<Random, "fraction">;
  /** @default a timer */
  readonly pause?: (ms: number) => Promise<unknown>;
}

const firstPauseMs = 300;
const longestPauseMs = 1_500;

/** Throws what the last call threw: at once when it is nothing that passes. */
export async function patiently<T>(
  call: () => Promise<T>,
  passes: (error: unknown) => boolean,
  { withinMs, clock, random, pause = sleep }: Patience,
): Promise<T> {
  const until = clock.now() + withinMs;
  for (let tries = 0; ; tries += 1) {
    try {
      return await call();
    } catch (error) {
      const most = Math.min(longestPauseMs, firstPauseMs * 2 ** tries);
      const pauseMs = most * (0.25 + 0.75 * random.fraction());
      if (!passes(error) || clock.now() + pauseMs > until) throw error;
      await pause(pauseMs);
    }
  }
}

const throttles = new Set([
  "ThrottlingException",
  "Throttling",
  "ThrottledException",
  "TooManyRequestsException",
  "RequestLimitExceeded",
  "RequestThrottled",
  "RequestThrottledException",
  "TooManyUpdates",
]);

export function isThrottle(error: unknown): boolean {
  return error instanceof Error && throttles.has(error.name);
}
