/** The loop: makes inputs, tries each within a time limit, and makes what fails small and repeatable. */
import { diceFor } from "./dice";
import { fewer, minimise } from "./minimise";
import type { Stage, Target } from "./target";

export interface FuzzOptions {
  readonly seed: number;
  /** Number of the first input. */
  readonly from: number;
  readonly inputs: number;
  /** Longest one input may take. */
  readonly limitMs: number;
  /** How often a failing input is tried again, to make it smaller. Default: 400. */
  readonly tries?: number;
  /** Told before each try of the input with this number, also while a failure is made smaller. */
  readonly onTry?: (number: number) => void;
  /** Told at once. */
  readonly onProblem?: (number: number, problem: string) => void;
  /** Told when the failure is as small as it gets. */
  readonly onFailure?: (failure: Failure) => void;
  /** What went wrong aside, such as a rejection nobody handled; asked after each input. */
  readonly trouble?: () => string | undefined;
}

export interface Failure {
  readonly target: string;
  readonly seed: number;
  readonly number: number;
  readonly problem: string;
  /** The smallest inputs that show it, in order; several where one alone does not. */
  readonly inputs: readonly string[];
}

export interface Outcome {
  readonly inputs: number;
  /** All of them, also the ones that show a fault seen before. */
  readonly failed: number;
  /** The first of each kind. */
  readonly failures: readonly Failure[];
  readonly slowest: { readonly number: number; readonly ms: number };
}

const defaultTries = 400;
/** A round takes longer than one input. */
const roundsForTries = 7;
const mostKinds = 20;

export async function fuzz<Input>(target: Target<Input>, options: FuzzOptions): Promise<Outcome> {
  return new Run(target, options).all();
}

class Run<Input> {
  readonly #target: Target<Input>;
  readonly #options: FuzzOptions;
  readonly #kinds = new Set<string>();
  readonly #failures: Failure[] = [];
  #stage: Stage<Input> | undefined;
  #round: Input[] = [];
  #number = 0;
  #failed = 0;
  #slowest = { number: 0, ms: 0 };

  constructor(target: Target<Input>, options: FuzzOptions) {
    this.#target = target;
    this.#options = options;
  }

  async all(): Promise<Outcome> {
    const { from, inputs } = this.#options;
    for (let number = from; number < from + inputs; number += 1) await this.#one(number);
    await this.#clear(from + inputs - 1);
    return { inputs, failed: this.#failed, failures: this.#failures, slowest: this.#slowest };
  }

  async #one(number: number): Promise<void> {
    const { seed } = this.#options;
    this.#number = number;
    if (this.#round.length >= this.#target.round) await this.#clear(number - 1);
    this.#stage ??= await this.#target.open();
    const input = this.#stage.make(diceFor({ seed, target: this.#target.name, number }));
    this.#round.push(input);
    const began = performance.now();
    const problem = await this.#attempt(this.#stage, input);
    const ms = performance.now() - began;
    if (ms > this.#slowest.ms) this.#slowest = { number, ms };
    if (problem !== undefined) await this.#fail(number, problem);
  }

  async #attempt(stage: Stage<Input>, input: Input): Promise<string | undefined> {
    const { limitMs, onTry, trouble } = this.#options;
    onTry?.(this.#number);
    const ended = stage.attempt(input).then(
      () => undefined,
      (error: unknown) => textOf(error),
    );
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<string>((resolve) => {
      timer = setTimeout(() => resolve(`no end within ${limitMs} ms`), limitMs);
    });
    try {
      return (await Promise.race([ended, late])) ?? trouble?.();
    } finally {
      clearTimeout(timer);
    }
  }

  /** Ends the round. What it left behind counts as a failure of its last input. */
  async #clear(last: number): Promise<void> {
    const problem = await this.#close();
    if (problem !== undefined) await this.#fail(last, problem);
    this.#round = [];
  }

  async #close(): Promise<string | undefined> {
    const stage = this.#stage;
    this.#stage = undefined;
    return stage?.close().then(
      () => this.#options.trouble?.(),
      (error: unknown) => textOf(error),
    );
  }

  async #fail(number: number, problem: string): Promise<void> {
    this.#failed += 1;
    const kind = kindOf(problem);
    const isNew = !this.#kinds.has(kind) && this.#kinds.size < mostKinds;
    const round = this.#round;
    // Whatever the failure left there must not be held against the next input.
    await this.#close();
    this.#round = [];
    if (!isNew) return;
    this.#kinds.add(kind);
    const { seed, onProblem, onFailure } = this.#options;
    onProblem?.(number, problem);
    const inputs = await this.#smallest(round, kind);
    const failure = { target: this.#target.name, seed, number, problem, inputs: inputs.map(this.#target.show) };
    this.#failures.push(failure);
    onFailure?.(failure);
  }

  /** The last input alone if that fails, and all of its round if not. */
  async #smallest(round: readonly Input[], kind: string): Promise<readonly Input[]> {
    const fails = async (inputs: readonly Input[]): Promise<boolean> => (await this.#kindOfFailure(inputs)) === kind;
    const last: readonly Input[] = round.slice(-1);
    const { smaller } = this.#target;
    const { tries = defaultTries } = this.#options;
    if (tries === 0) return last;
    if (await fails(last)) {
      return minimise(last, { smaller: ([only]) => singly(only, smaller), fails, tries });
    }
    return minimise(round, { smaller: fewer, fails, tries: tries / roundsForTries });
  }

  async #kindOfFailure(inputs: readonly Input[]): Promise<string | undefined> {
    if (inputs.length === 0) return undefined;
    const stage = await this.#target.open();
    let problem: string | undefined;
    for (const input of inputs) problem ??= await this.#attempt(stage, input);
    const left = await stage.close().then(
      () => undefined,
      (error: unknown) => textOf(error),
    );
    const met = problem ?? left;
    return met === undefined ? undefined : kindOf(met);
  }
}

/** Alike for two inputs that fail for the same reason: without what is theirs alone. */
function kindOf(problem: string): string {
  return problem.replace(/\d+|"[^"]*"/g, "_").slice(0, 120);
}

function* singly<Input>(
  input: Input | undefined,
  smaller: (input: Input) => Iterable<Input>,
): Generator<readonly Input[]> {
  if (input === undefined) return;
  for (const candidate of smaller(input)) yield [candidate];
}

function textOf(error: unknown): string {
  return error instanceof Error || (typeof error === "object" && error !== null && "stack" in error)
    ? String(error.stack ?? error)
    : String(error);
}
