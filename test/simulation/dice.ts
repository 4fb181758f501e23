/**
 * All chance of a run, from one seed. Every kind of fault, and every use of chance beside them, draws from a stream of
 * its own: taking one fault away leaves the draws of all others as they were, which is what shrinking lives on.
 */
import { seededRandom } from "../fixtures/seeded-random";
import { faultNames, faults, type FaultName } from "./faults";

/** `crash-after#1734`: the 1,734th time that it could have happened. */
export type FaultId = string;

export interface DiceOptions {
  readonly seed: number;
  /** Kinds that may happen at all. */
  readonly kinds: ReadonlySet<FaultName>;
  /** Of those, only these; absent: all that the seed brings. */
  readonly only?: ReadonlySet<FaultId>;
  /** Told of each fault that happens. */
  readonly onStrike?: (strike: Strike) => void;
}

export interface Strike {
  readonly id: FaultId;
  readonly name: FaultName;
  /** Whom it hits: an id, or the thing itself. */
  readonly hit: unknown;
}

interface Stream {
  readonly next: () => number;
  readonly rate: number;
  draws: number;
}

export class Dice {
  /** Of the faults that happened, in order. */
  readonly happened: FaultId[] = [];
  readonly counts = new Map<FaultName, number>();
  readonly #seed: number;
  readonly #only: ReadonlySet<FaultId> | undefined;
  readonly #onStrike: DiceOptions["onStrike"];
  readonly #faults = new Map<FaultName, Stream>();
  readonly #streams = new Map<string, () => number>();
  #calm = false;

  constructor({ seed, kinds, only, onStrike }: DiceOptions) {
    this.#seed = seed;
    this.#only = only;
    this.#onStrike = onStrike;
    for (const name of faultNames) {
      const next = seededRandom(mixed(seed, name));
      const weight = weights[Math.floor(next() * weights.length)] ?? 0;
      if (kinds.has(name) && weight > 0) this.#faults.set(name, { next, rate: faults[name].rate * weight, draws: 0 });
    }
  }

  /** From now on nothing goes wrong any more. */
  calm(): void {
    this.#calm = true;
  }

  /** Whether it goes wrong this time. `hit` is only for the story; `weight`: so many times as often as usual. */
  strikes(name: FaultName, hit?: unknown, weight = 1): boolean {
    const stream = this.#faults.get(name);
    if (stream === undefined || this.#calm) return false;
    stream.draws += 1;
    if (stream.next() >= stream.rate * weight) return false;
    const id = `${name}#${stream.draws}`;
    if (this.#only !== undefined && !this.#only.has(id)) return false;
    this.happened.push(id);
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
    this.#onStrike?.({ id, name, hit });
    return true;
  }

  /** As if it had not been there to be hit: what comes later is hit as before. */
  pass(name: FaultName): void {
    const stream = this.#faults.get(name);
    if (stream === undefined || this.#calm) return;
    stream.draws += 1;
    stream.next();
  }

  /** In [0, 1), from the stream of that name. */
  fraction(stream: string): number {
    let next = this.#streams.get(stream);
    if (next === undefined) this.#streams.set(stream, (next = seededRandom(mixed(this.#seed, stream))));
    return next();
  }

  /** In [0, 1), the same whenever it is asked for in this seed. */
  share(name: string): number {
    return seededRandom(mixed(this.#seed, name))();
  }

  /** A whole number from `least` to `most`. */
  between(least: number, most: number, stream: string): number {
    return least + Math.floor(this.fraction(stream) * (most - least + 1));
  }

  pick<T>(things: readonly T[], stream: string): T | undefined {
    return things[Math.floor(this.fraction(stream) * things.length)];
  }
}

/** A third of all kinds is quiet in a given seed, and some are three times as frequent. */
const weights = [0, 0, 0.5, 1, 1, 3];

function mixed(seed: number, name: string): number {
  let hash = 0x811c9dc5 ^ seed;
  for (let at = 0; at < name.length; at += 1) hash = Math.imul(hash ^ name.charCodeAt(at), 0x01000193);
  return Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d) >>> 0;
}
