/** Calls that AWS throttles, or does not answer, are made again: same request, same token, some time apart. */
import type { Instant } from "../../core/model";
import { apiError } from "./failures";
import type { Host } from "./host";

const mostTries = 3;
/** Pauses are between half of it and one and a half; the second is three times as long. */
const pauseMs = 1_500;
/** For all tries of a call that nobody set a time for. */
const usualMs = 20_000;

/** AWS gave no answer that says whether it was done. */
export class NoAnswer extends Error {
  constructor(cause: unknown) {
    super(`AWS gave no answer: ${apiError(cause).text}`, { cause });
    this.name = "NoAnswer";
  }
}

export interface Repeat {
  /** What else passes with time. */
  readonly passing?: (error: unknown) => boolean;
}

/** For the client: when it has to give up. */
export interface Within {
  readonly abortSignal: AbortSignal;
}

/**
 * For calls that may be made twice. All tries are over at `until`. Throws what AWS said; `NoAnswer` when any of the tries
 * may have been done.
 */
export async function tried<T>(
  call: (within: Within) => Promise<T>,
  host: Pick<Host, "clock" | "random" | "pause" | "until">,
  { passing = () => false }: Repeat = {},
): Promise<T> {
  const { clock, random, pause, until = clock.now() + usualMs } = host;
  let failed: unknown = new Error("there was no time left for a call of AWS");
  let unsure = false;
  for (let attempt = 1; attempt <= mostTries && clock.now() < until; attempt += 1) {
    try {
      return await call(endingAt(until, host));
    } catch (error) {
      failed = error;
      const { kind } = apiError(error);
      unsure ||= kind === undefined;
      const again = kind === undefined || kind === "throttle" || passing(error);
      const waitMs = pauseMs * 3 ** (attempt - 1) * (0.5 + random.fraction());
      if (!again || attempt === mostTries || clock.now() + waitMs >= until) break;
      await pause(waitMs);
    }
  }
  throw unsure ? new NoAnswer(failed) : failed;
}

function endingAt(until: Instant, { clock }: Pick<Host, "clock">): Within {
  return { abortSignal: AbortSignal.timeout(Math.ceil(until - clock.now())) };
}
