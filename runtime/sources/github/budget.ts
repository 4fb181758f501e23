/** One budget per credential: every call made with it asks here first. Waits a moment itself, refuses longer waits. */
import { OnejobError } from "../../core/errors";
import type { Instant } from "../../core/model";
import type { Clock } from "../../core/ports";
import type { CallKind } from "./budget-rules";
import { decide, freshBudget, learn } from "./budget-rules";
import type { LimitReading } from "./limits";

/** GitHub allows a hundred at once, for everything that uses the same credential. */
const mostInFlight = 20;
/** Whoever waits longer is better told so, and asks again. */
export const patienceMs = 2_000;

export interface Budget {
  /** Resolves when the call may be made, with what to do after its answer. Throws `source-throttled`. */
  enter(call: CallKind): Promise<() => void>;
  learn(call: CallKind & { readonly unchanged: boolean }, reading: LimitReading): void;
}

export interface BudgetOptions {
  /** Of the source and scope, for the error. */
  readonly name: string;
  readonly clock: Clock;
  readonly sleep: (ms: number) => Promise<void>;
}

export function openBudget({ name, clock, sleep }: BudgetOptions): Budget {
  let state = freshBudget;
  let inFlight = 0;
  const line: (() => void)[] = [];

  async function takePlace(): Promise<void> {
    if (inFlight < mostInFlight) inFlight += 1;
    else await new Promise<void>((resolve) => line.push(resolve));
  }
  /** The place goes to who waited longest. */
  function leave(): void {
    const next = line.shift();
    if (next === undefined) inFlight -= 1;
    else next();
  }
  async function waitForTurn(call: CallKind): Promise<void> {
    for (;;) {
      const now = clock.now();
      const decision = decide(state, call, now);
      if (decision.go) {
        state = decision.state;
        return;
      }
      if (decision.at - now > patienceMs) throw throttled(name, decision.at);
      await sleep(decision.at - now);
    }
  }

  return {
    async enter(call) {
      await takePlace();
      try {
        await waitForTurn(call);
      } catch (error) {
        leave();
        throw error;
      }
      return leave;
    },
    learn(call, reading) {
      state = learn(state, call, reading);
    },
  };
}

export function throttled(name: string, retryAt: Instant): OnejobError {
  const when = new Date(retryAt).toISOString();
  return new OnejobError("source-throttled", `${name}, until ${when}`, { details: { retryAt } });
}
