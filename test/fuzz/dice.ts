/** Every choice of one input, from its seed, target and number alone: the same three make the same input again. */
import { seededRandom } from "../fixtures/seeded-random";

export interface Dice {
  /** A whole number from 0 to below `end`. */
  below(end: number): number;
  /** `true` in so many of 100 cases. */
  percent(cases: number): boolean;
  pick<T>(list: readonly T[]): T;
  bytes(length: number): Buffer;
  /** Often 0 or 1, seldom many. */
  few(most: number): number;
}

export interface InputName {
  readonly seed: number;
  readonly target: string;
  readonly number: number;
}

export function diceFor({ seed, target, number }: InputName): Dice {
  const fraction = seededRandom(fnv1a(`${seed}/${target}/${number}`));
  const below = (end: number): number => Math.floor(fraction() * end);
  return {
    below,
    percent: (cases) => fraction() * 100 < cases,
    pick<T>(list: readonly T[]): T {
      const picked = list[below(list.length)];
      if (picked === undefined) throw new Error("picked from nothing");
      return picked;
    },
    bytes: (length) => Buffer.from(Array.from({ length }, () => below(256))),
    few: (most) => Math.floor(fraction() ** 3 * (most + 1)),
  };
}

function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}
