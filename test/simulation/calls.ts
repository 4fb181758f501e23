/**
 * Which calls our functions make, and which were the last thing one did. Some are rare: in each seed a few of them, drawn
 * by their names, crash often, so that in many seeds every one of them has.
 */
import type { Dice } from "./dice";

/** How often a call of that name crashes in a seed that has it in for it, against the others, and how many times. */
const perilous = { share: 0.05, weight: 500, most: 2 } as const;

export class Calls {
  /** Crashes by flow and call. */
  readonly crashes = new Map<string, number>();
  readonly #dice: Dice;
  readonly #weights = new Map<string, number>();

  constructor(dice: Dice) {
    this.#dice = dice;
  }

  /** How much more than usual this one is in danger. */
  weightOf(call: string): number {
    let weight = this.#weights.get(call);
    if (weight === undefined) {
      weight = this.#dice.share(call) < perilous.share ? perilous.weight : 1;
      this.#weights.set(call, weight);
      this.crashes.set(call, 0);
    }
    return weight;
  }

  crashed(call: string): void {
    const count = (this.crashes.get(call) ?? 0) + 1;
    this.crashes.set(call, count);
    if (count >= perilous.most) this.#weights.set(call, 1);
  }
}
