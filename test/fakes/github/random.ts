/** Randomness that a seed repeats, and the names and numbers that are made from it. */

/** A number in [0, 1); the same seed gives the same row of them. */
export type Random = () => number;

/** The "mulberry32" generator: small, and good enough to mix orders. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function pick<T>(items: readonly T[], random: Random): T | undefined {
  return items[Math.floor(random() * items.length)];
}

export type NumberKind =
  "account" | "repository" | "app" | "installation" | "group" | "runner" | "run" | "job" | "hook";

const firstNumbers: Readonly<Record<NumberKind, number>> = {
  account: 9_000_101,
  repository: 396_980_812,
  app: 412_001,
  installation: 52_310_001,
  group: 2,
  runner: 23,
  run: 19_100_000_001,
  job: 53_700_000_001,
  hook: 480_110_001,
};

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/** Ids, tokens and GUIDs of one fake. */
export class Ids {
  private readonly random: Random;
  private readonly next: Record<NumberKind, number>;
  /** Beyond 2^53 and odd: who reads one as a double gets another delivery's, or none. */
  private delivery = 181_350_018_413_494_273n;

  constructor(random: Random, firstJobId: number | undefined) {
    this.random = random;
    this.next = { ...firstNumbers, ...(firstJobId === undefined ? {} : { job: firstJobId }) };
  }

  number(kind: NumberKind): number {
    return this.next[kind]++;
  }

  deliveryId(): bigint {
    this.delivery += 2n;
    return this.delivery;
  }

  letters(length: number): string {
    return Array.from({ length }, () => alphabet[Math.floor(this.random() * alphabet.length)]).join("");
  }

  hex(length: number): string {
    return Array.from({ length }, () => Math.floor(this.random() * 16).toString(16)).join("");
  }

  guid(): string {
    return [8, 4, 4, 4, 12].map((length) => this.hex(length)).join("-");
  }
}

/** GitHub's opaque second id of everything. */
export function nodeId(prefix: string, id: number): string {
  return `${prefix}_${Buffer.from(String(id)).toString("base64url")}`;
}
