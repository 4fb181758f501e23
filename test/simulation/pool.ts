/** Hands the scenarios out to threads, each the next one when it is through with the last. */
import { Hand } from "./hand";
import type { Scenario } from "./scenario";
import type { Ran } from "./tally";

export interface Pool {
  readonly file: string;
  readonly workers: number;
  /** Aborted: all threads end, and nothing more is told. */
  readonly signal: AbortSignal;
  readonly onRan: (ran: Ran) => void;
  readonly onBroken: (scenario: Scenario, problem: string) => void;
}

/** Resolves when all have been run, or it was aborted. */
export async function runAll(scenarios: readonly Scenario[], pool: Pool): Promise<void> {
  const next = scenarios.values();
  await Promise.all(Array.from({ length: pool.workers }, () => work(next, pool)));
}

async function work(next: Iterator<Scenario>, { file, signal, onRan, onBroken }: Pool): Promise<void> {
  let hand = new Hand(file);
  const end = () => void hand.end();
  signal.addEventListener("abort", end);
  for (let item = next.next(); item.done !== true && !signal.aborted; item = next.next()) {
    try {
      onRan(await hand.run(item.value));
    } catch (error) {
      if (signal.aborted) break;
      onBroken(item.value, error instanceof Error ? String(error.stack) : String(error));
      if (hand.isGone) hand = new Hand(file);
    }
  }
  await hand.end();
}
