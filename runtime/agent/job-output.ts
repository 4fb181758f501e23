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
export type OutputTarget = Pick<OutputSpool, "append" | "note" | "size">;

const mostQuietChecks = 30;

export function startOutputFlow(outputs: readonly Readable[], spool: OutputTarget, log: Log): OutputFlow {
  let ended = false;
  let last: Promise<void> = Promise.resolve();
  let lostBytes = 0;
  const sayLost = async (): Promise<void> => {
    if (lostBytes > 0) await spool.note(`${lostBytes} bytes of output could not be kept here`);
    lostBytes = 0;
  };
  const keep = async (chunk: Uint8Array): Promise<void> => {
    let end = spool.size + chunk.length;
    try {
      await sayLost();
      end = spool.size + chunk.length;
      await spool.append(chunk);
    } catch (error) {
      if (lostBytes === 0) log.error("output of the job is lost", { problem: errorText(error) });
      // Perhaps not all of it: a disk takes what still fits.
      lostBytes += Math.max(0, end - spool.size);
    }
  };
  const append = (chunk: Uint8Array): Promise<void> => {
    // One after the other, also from two streams. A full disk must not stop the job: it loses output, and we say so.
    last = last.then(() => keep(chunk));
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
      await last.then(sayLost).catch(() => undefined);
    },
  };
}
