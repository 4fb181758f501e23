/** Calls that AWS throttles, or does not answer, are made again: same request, same token, some time apart. */
import { apiError } from "./failures";
import type { Host } from "./host";

const mostTries = 3;
/** Pauses are between half of it and one and a half; the second is three times as long. */
const pauseMs = 1_500;
/** Whoever launched us waits 30 s for the outcome. */
const longestMs = 20_000;

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

/** For calls that may be made twice. Throws what AWS said; `NoAnswer` when any of the tries may have been done. */
export async function tried<T>(
  call: () => Promise<T>,
  { clock, random, pause }: Pick<Host, "clock" | "random" | "pause">,
  { passing = () => false }: Repeat = {},
): Promise<T> {
  const began = clock.now();
  let unsure = false;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await call();
    } catch (error) {
      const { kind } = apiError(error);
      unsure ||= kind === undefined;
      const again = kind === undefined || kind === "throttle" || passing(error);
      if (!again || attempt === mostTries || clock.now() - began >= longestMs) {
        throw unsure ? new NoAnswer(error) : error;
      }
      await pause(pauseMs * 3 ** (attempt - 1) * (0.5 + random.fraction()));
    }
  }
}
