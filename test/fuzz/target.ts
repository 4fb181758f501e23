/** What is fuzzed: how its inputs are made, tried, made smaller and shown. */
import type { Dice } from "./dice";

export interface Target<Input> {
  readonly name: string;
  /** Its part of the inputs of a run, in parts of all. */
  readonly share: number;
  /** How many inputs one stage sees before it is cleared away. */
  readonly round: number;
  /** A fresh place, alike each time. */
  readonly open: () => Promise<Stage<Input>>;
  /** Smaller ones to try instead, boldest first. */
  readonly smaller: (input: Input) => Iterable<Input>;
  /** As text that can be pasted into a test. */
  readonly show: (input: Input) => string;
}

export interface Stage<Input> {
  /** The same dice make the same input, whatever was tried before. */
  make(dice: Dice): Input;
  /** Throws when a promise is broken. */
  attempt(input: Input): Promise<void>;
  /** Throws when what was tried left something behind. */
  close(): Promise<void>;
}

/** A promise of the product that did not hold. */
export class Broken extends Error {
  override readonly name = "Broken";
}

export function promise(holds: boolean, otherwise: () => string): void {
  if (!holds) throw new Broken(otherwise());
}

/** Targets differ in their inputs; whoever runs them all need not know. */
export interface AnyTarget {
  readonly name: string;
  readonly share: number;
  /** Hides the kind of input from whoever runs it. */
  run<Result>(use: <Input>(target: Target<Input>) => Promise<Result>): Promise<Result>;
}

export function anyTarget<Input>(target: Target<Input>): AnyTarget {
  return { name: target.name, share: target.share, run: (use) => use(target) };
}
