/** One budget per credential: every call made with it asks here first. Waits a moment itself, refuses longer waits. */
import { OnejobError } from "../../core/errors";
import type { Instant } from "../../core/model";
import type { Clock } from "../../core/ports";
import type { CallKind } from "./budget-rules";
import { decide, freshBudget, grant, learn } from "./budget-rules";
import type { LimitReading } from "./limits";
import type { PointsPool } from "./points-pool";

/** GitHub allows a hundred at once, for everything that uses the same credential; a process alone needs fewer. */
const mostInFlight = { together: 100, each: 20 } as const;
/** Whoever waits longer is better told so, and asks again. */
export const patienceMs = 2_000;

export interface Budget {
  /** Resolves when the call may be made, with what to do after its answer. Throws `source-throttled`. */
  enter(call: CallKind): Promise<() => void>;
  /** Resolves when others may know it, too. */
  learn(call: CallKind & { readonly unchanged: boolean }, reading: LimitReading): Promise<void>;
}

/** What other processes with the same credential have to do with it. */
export interface Company {
  readonly processes: number;
  /** `null`: all points are ours. */
  readonly pool: PointsPool | null;
  /** Until when they were told to be quiet. */
  readonly quietUntil: () => Instant;
  readonly tell: (quietUntil: Instant) => Promise<void>;
}

export interface BudgetOptions {
  /** Of the source and scope, for the error. */
  readonly name: string;
  readonly clock: Clock;
  readonly sleep: (ms: number) => Promise<void>;
  readonly company: Company;
}

export function openBudget({ name, clock, sleep, company }: BudgetOptions): Budget {
  const { processes, pool } = company;
  const { takePlace, leave } = openLine(Math.min(mostInFlight.each, Math.floor(mostInFlight.together / processes)));
  let state = freshBudget(processes);
  const taking = new Map<boolean, Promise<boolean>>();

  /** Once for all that lack points at this moment: calls that go together would take all there are. */
  function takePoints(from: PointsPool, { background }: CallKind): Promise<boolean> {
    const begun = taking.get(background);
    if (begun !== undefined) return begun;
    const mine = from.take({ background }).then((isGranted) => {
      taking.delete(background);
      if (isGranted) state = grant(state, clock.now());
      return isGranted;
    });
    taking.set(background, mine);
    return mine;
  }
  async function waitForTurn(call: CallKind): Promise<void> {
    for (;;) {
      const now = clock.now();
      state = { ...state, quietUntil: Math.max(state.quietUntil, company.quietUntil()) };
      const decision = decide(state, call, now);
      if (decision.go) {
        state = decision.state;
        return;
      }
      if (decision.lacks === "points" && pool !== null && (await takePoints(pool, call))) continue;
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
    async learn(call, reading) {
      state = learn(state, call, reading);
      const until = quietUntil(reading);
      if (until - clock.now() > patienceMs) await company.tell(until);
    },
  };
}

/** So many at once, the others in their order. */
function openLine(most: number) {
  let inFlight = 0;
  const line: (() => void)[] = [];
  return {
    async takePlace(): Promise<void> {
      if (inFlight < most) inFlight += 1;
      else await new Promise<void>((resolve) => line.push(resolve));
    },
    /** The place goes to who waited longest. */
    leave(): void {
      const next = line.shift();
      if (next === undefined) inFlight -= 1;
      else next();
    },
  };
}

function quietUntil({ retryAt, primary }: LimitReading): Instant {
  return Math.max(retryAt ?? 0, primary?.remaining === 0 ? primary.resetAt : 0);
}

export function throttled(name: string, retryAt: Instant): OnejobError {
  const when = new Date(retryAt).toISOString();
  return new OnejobError("source-throttled", `${name}, until ${when}`, { details: { retryAt } });
}
