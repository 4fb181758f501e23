/** A thread that simulates: one order at a time, and the end of it when it does not come to one. */
import { once } from "node:events";
import { setTimeout } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import type { Scenario } from "./scenario";
import type { Ran } from "./tally";

export interface Orders {
  readonly run: { readonly scenario: Scenario };
  readonly tell: { readonly scenario: Scenario; readonly shrinks: boolean; readonly whole: boolean };
}

export interface Answers {
  readonly run: Ran;
  readonly tell: string;
}

export type Order = { readonly [K in keyof Orders]: { readonly kind: K } & Orders[K] }[keyof Orders];
export type Answer = { readonly answer: Answers[keyof Orders] } | { readonly problem: string };

/** The longest that anything takes, several times over. */
const usualLimitMs = 5 * 60_000;

export class Hand {
  readonly #worker: Worker;
  readonly #limitMs: number;
  /** Why it does not work any more. */
  #gone: unknown;

  /** `file` is the program that serves orders when it is a thread. Without an answer in `limitMs` it is ended. */
  constructor(file: string, { limitMs = usualLimitMs }: { readonly limitMs?: number } = {}) {
    this.#limitMs = limitMs;
    this.#worker = new Worker(file);
    this.#worker.on("error", (error: unknown) => (this.#gone = error));
    this.#worker.on("exit", () => (this.#gone ??= new Error("its thread was ended")));
  }

  get isGone(): boolean {
    return this.#gone !== undefined;
  }

  run(scenario: Scenario): Promise<Ran> {
    return this.#ask("run", { scenario });
  }

  tell(order: Orders["tell"]): Promise<string> {
    return this.#ask("tell", order);
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }

  async #ask<K extends keyof Orders>(kind: K, order: Orders[K]): Promise<Answers[K]> {
    if (this.#gone !== undefined) throw this.#gone as Error;
    this.#worker.postMessage({ kind, ...order });
    const waiting = new AbortController();
    try {
      const answer = (await Promise.race(this.#endings(waiting.signal))) as Answer;
      if ("problem" in answer) throw new Error(answer.problem);
      return answer.answer as Answers[K];
    } finally {
      waiting.abort();
    }
  }

  #endings(signal: AbortSignal): readonly Promise<unknown>[] {
    const stuck = async (): Promise<never> => {
      await setTimeout(this.#limitMs, undefined, { signal });
      this.#gone = new Error(`it came to no end in ${this.#limitMs / 1_000} s`);
      await this.end();
      throw this.#gone as Error;
    };
    const gone = async (): Promise<never> => {
      await once(this.#worker, "exit", { signal });
      throw this.#gone as Error;
    };
    return [once(this.#worker, "message", { signal }).then(([answer]: unknown[]) => answer), gone(), stuck()];
  }
}
