/** Carries what the job writes into the spool, as fast as the disk takes it and no faster. */
import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import type { Log } from "../core/ports";
import type { OutputSpool } from "./output-spool";
import { errorText } from "../core/error-facts";

export interface OutputFlow {
  /** Resolves when all is in the spool. Whoever still holds the output open is waited for only while it writes. */
  drain(quietMs: number): Promise<void>;
}

/** Takes one piece after the other. */
export type OutputTarget = Pick<OutputSpool, "append" | "size">;

const mostQuietChecks = 30;

export function startOutputFlow(outputs: readonly Readable[], spool: OutputTarget, log: Log): OutputFlow {
  let ended = false;
  let last: Promise<void> = Promise.resolve();
  let lost = false;
  const lose = (error: unknown): void => {
    if (!lost) log.error("output of the job is lost", { problem: errorText(error) });
    lost = true;
  };
  const append = (chunk: Uint8Array): Promise<void> => {
    // One after the other, also from two streams. A full disk must not stop the job: it loses output, and we say so.
    last = last.then(() => spool.append(chunk)).catch(lose);
    return last;
  };
  const carry = async (output: Readable): Promise<void> => {
    for await (const chunk of output as AsyncIterable<Uint8Array>) await append(chunk);
  };
  const carried = Promise.allSettled(outputs.map(carry)).then(() => {
    ended = true;
  });
  return {
    async drain(quietMs) {
      for (let checks = 0; !ended && checks < mostQuietChecks; checks += 1) {
        const before = spool.size;
        const clock = new AbortController();
        await Promise.race([carried, sleep(quietMs, undefined, { signal: clock.signal }).catch(() => undefined)]);
        clock.abort();
        if (spool.size === before) break;
      }
      for (const output of outputs) output.destroy();
      await last;
    },
  };
}
