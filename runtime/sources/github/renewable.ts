/** A value that grows old: made anew before it does, once however many ask at the same moment. */
import type { Instant } from "../../core/model";
import type { Clock } from "../../core/ports";

export interface Renewable<T> {
  get(): Promise<T>;
  /**
   * It does not hold any more; answers whether it is forgotten: not when it was made anew since, or is no older than
   * `olderThanMs`.
   */
  refused(value: T, age?: { readonly olderThanMs: number }): boolean;
}

export interface Fresh<T> {
  readonly value: T;
  /** From now on; `Infinity`: until it is refused. */
  readonly lastsMs: number;
  /** @default now */
  readonly madeAt?: Instant;
}

export function renewable<T>(clock: Clock, make: () => Promise<Fresh<T>>): Renewable<T> {
  let held: { readonly value: T; readonly madeAt: Instant; readonly until: Instant } | undefined;
  let making: Promise<T> | undefined;

  async function remake(): Promise<T> {
    const { value, lastsMs, madeAt = clock.now() } = await make();
    held = { value, madeAt, until: clock.now() + lastsMs };
    return value;
  }

  return {
    async get() {
      if (held !== undefined && clock.now() < held.until) return held.value;
      making ??= remake().finally(() => (making = undefined));
      return making;
    },
    refused(value, { olderThanMs } = { olderThanMs: -Infinity }) {
      if (held?.value !== value || clock.now() - held.madeAt <= olderThanMs) return false;
      held = undefined;
      return true;
    },
  };
}

/**
 * How long to use what lives for `livesMs`: five minutes less, so that no call meets its end; half of it where it is
 * short anyway.
 */
export function usefulMs(livesMs: number): number {
  return Math.max(livesMs - 5 * 60_000, livesMs / 2, 0);
}
