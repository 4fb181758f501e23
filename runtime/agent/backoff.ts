/** Pauses between tries: doubling, with jitter, so that many agents do not come back in the same moment. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Random } from "../core/ports";

const longestAskedMs = 5 * 60_000;

export class Backoff {
  private readonly limits: { readonly firstMs: number; readonly maxMs: number };
  private readonly random: Pick<Random, "fraction">;
  private tries = 0;

  constructor(limits: { readonly firstMs: number; readonly maxMs: number }, random: Pick<Random, "fraction">) {
    this.limits = limits;
    this.random = random;
  }

  reset(): void {
    this.tries = 0;
  }

  /** The next pause; never shorter than what the server asked for. */
  nextMs(askedMs: number | null): number {
    const ceiling = Math.min(this.limits.firstMs * 2 ** Math.min(this.tries, 20), this.limits.maxMs);
    this.tries += 1;
    const own = ceiling / 2 + (ceiling / 2) * this.random.fraction();
    const asked = Math.min(askedMs ?? 0, longestAskedMs);
    return asked > own ? asked + own / 4 : own;
  }
}

/** Sleeps, and wakes early without an error when `signal` aborts. */
export async function rest(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}
