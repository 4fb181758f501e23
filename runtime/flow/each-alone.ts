/** Runs the same for many, so that one that fails does not keep the others from their turn. */
import type { Log, LogFields } from "../core/ports";

const atOnce = 8;

export class EachAlone {
  readonly #log: Log;
  readonly #failures: unknown[] = [];

  constructor(log: Log) {
    this.#log = log;
  }

  /** `describe` names the one that failed, for the log. */
  async run<T>(
    things: Iterable<T>,
    act: (thing: T) => Promise<void>,
    describe: (thing: T) => LogFields,
  ): Promise<void> {
    for (const thing of things) {
      try {
        await act(thing);
      } catch (error) {
        this.#log.error("one of many failed, the others go on", { ...describe(thing), error });
        this.#failures.push(error);
      }
    }
  }

  /** The same with some at once: most of the time is spent waiting for others to answer. */
  async runSideBySide<T>(
    things: Iterable<T>,
    act: (thing: T) => Promise<void>,
    describe: (thing: T) => LogFields,
  ): Promise<void> {
    const turns = things[Symbol.iterator]();
    const rest = { [Symbol.iterator]: () => turns };
    await Promise.all(Array.from({ length: atOnce }, () => this.run(rest, act, describe)));
  }

  /** Throws when anything failed. */
  done(what: string): void {
    if (this.#failures.length > 0) throw new AggregateError(this.#failures, `${what} failed in part`);
  }
}
