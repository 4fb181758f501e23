import fc from "fast-check";
import type { BudgetState, CallKind } from "../../../runtime/sources/github/budget-rules";
import { decide, freshBudget, learn, points } from "../../../runtime/sources/github/budget-rules";
import { openBudget, type Company } from "../../../runtime/sources/github/budget";
import type { LimitReading } from "../../../runtime/sources/github/limits";
import { noon } from "../../fixtures/records";
import { errorOf } from "./source-bench";

const read: CallKind = { mutates: false, background: false };
const write: CallKind = { mutates: true, background: false };
const search: CallKind = { mutates: false, background: true };
const hour = 3_600_000;
const primary = { limit: 5_000, remaining: 5_000, resetAt: noon + hour };
const limited: BudgetState = { ...freshBudget(), primary };

/** Makes calls from `now` on until one has to wait; how many went, and until when it waits. */
function spree(state: BudgetState, call: CallKind, now = noon) {
  for (let count = 0; count < 10_000; count += 1) {
    const decision = decide(state, call, now);
    if (!decision.go) return { count, waitMs: decision.at - now, state };
    state = decision.state;
  }
  return { count: Infinity, waitMs: 0, state };
}

describe("the rules of a budget", () => {
  it("are none where the server shows no limits", () => {
    expect(spree(freshBudget(), write).count).toBe(Infinity);
    expect(spree(freshBudget(), search).count).toBe(Infinity);
  });

  it("let 900 points go in a minute: 180 runners, or 900 questions", () => {
    expect(spree(limited, write).count).toBe(180);
    expect(spree(limited, read).count).toBe(900);
  });

  it("let the next go when the first are a minute old, and not before", () => {
    const { state, waitMs } = spree(limited, write);
    expect(waitMs).toBeGreaterThan(60_000);
    expect(waitMs).toBeLessThan(65_000);
    expect(decide(state, write, noon + waitMs - 1).go).toBe(false);
    expect(decide(state, write, noon + waitMs).go).toBe(true);
  });

  it("never let more than 900 points go in any minute, however calls come", () => {
    const arrivals = fc.array(fc.record({ afterMs: fc.nat(900), mutates: fc.boolean() }), { maxLength: 1_500 });
    fc.assert(
      fc.property(arrivals, (calls) => {
        let [state, now] = [limited, noon];
        const gone: { at: number; cost: number }[] = [];
        for (const { afterMs, mutates } of calls) {
          now += afterMs;
          const decision = decide(state, { mutates, background: false }, now);
          if (!decision.go) continue;
          state = decision.state;
          gone.push({ at: now, cost: mutates ? 5 : 1 });
        }
        for (const { at } of gone) {
          const within = gone.filter((call) => call.at >= at && call.at < at + 60_000);
          expect(within.reduce((sum, { cost }) => sum + cost, 0)).toBeLessThanOrEqual(900);
        }
      }),
      { numRuns: 20 },
    );
  });

  it("do not stand still for ever when the clock is set back", () => {
    const { state } = spree(limited, write, noon + 10 * hour);
    expect(decide({ ...state, primary }, write, noon).go).toBe(true);
  });

  it("leave half of a minute's points to what jobs wait for", () => {
    const { count, state } = spree(limited, search);
    expect(count).toBe(450);
    expect(spree(state, write).count).toBe(90);
  });

  it("let background calls use a fifth of the primary limit, and then wait for the next hour", () => {
    const state = { ...limited, primary: { ...primary, limit: 500 } };
    const used = spree(state, search);
    expect([used.count, used.waitMs]).toEqual([100, hour]);
    expect(decide(used.state, read, noon).go).toBe(true);
    expect(decide(used.state, search, noon + hour).go).toBe(true);
  });

  it("do not count what had not changed", () => {
    let state: BudgetState = { ...limited, primary: { ...primary, limit: 5 } };
    for (let poll = 0; poll < 100; poll += 1) {
      const decision = decide(state, search, noon);
      if (!decision.go) throw new Error("held");
      state = learn(decision.state, { ...search, unchanged: true }, { primary: state.primary, retryAt: null });
    }
    expect(state.background).toBe(0);
  });

  it("hold everything while the primary limit is spent", () => {
    const state = { ...limited, primary: { ...primary, remaining: 0 } };
    expect([spree(state, read).waitMs, spree(state, search).waitMs]).toEqual([hour, hour]);
    expect(decide(state, read, noon + hour).go).toBe(true);
  });

  it("hold everything after Retry-After, also where no limits are shown", () => {
    const state = learn(freshBudget(), { ...write, unchanged: false }, { primary: null, retryAt: noon + 9_000 });
    expect(spree(state, read).waitMs).toBe(9_000);
    expect(decide(state, read, noon + 9_000).go).toBe(true);
  });

  it("do not forget a longer wait for a shorter one that is told later", () => {
    const told = (state: BudgetState, retryAt: number) =>
      learn(state, { ...read, unchanged: false }, { primary: null, retryAt });
    expect(spree(told(told(freshBudget(), noon + 9_000), noon + 1_000), read).waitMs).toBe(9_000);
  });

  it("begin a new hour when a later reset is told, and not when the same one wobbles by a second", () => {
    const used: BudgetState = { ...limited, background: 70 };
    const told = (resetAt: number) =>
      learn(used, { ...read, unchanged: false }, { primary: { ...primary, resetAt }, retryAt: null }).background;
    expect([told(noon + hour + 1_000), told(noon + 2 * hour)]).toEqual([70, 0]);
  });

  it("keep a limit that was shown once when a later answer does not show it", () => {
    const state = learn(limited, { ...read, unchanged: false }, { primary: null, retryAt: null });
    expect(state.primary).toEqual(primary);
  });
});

const alone: Company = { processes: 1, pool: null, quietUntil: () => 0, tell: () => Promise.resolve() };

function open(company: Company = alone) {
  const slept: number[] = [];
  let now = noon;
  const sleep = (ms: number) => {
    slept.push(ms);
    now += ms;
    return Promise.resolve();
  };
  return { slept, budget: openBudget({ name: "gh", clock: { now: () => now }, sleep, company }) };
}

describe("a budget", () => {
  const learned = (reading: Partial<LimitReading>) => {
    const opened = open();
    void opened.budget.learn({ ...read, unchanged: false }, { primary: null, retryAt: null, ...reading });
    return opened;
  };

  it("waits a moment itself", async () => {
    const { budget, slept } = learned({ retryAt: noon + 1_500 });
    await budget.enter(read);
    expect(slept).toEqual([1_500]);
  });

  it("refuses a longer wait at once, with the time to come back", async () => {
    const { budget, slept } = learned({ retryAt: noon + 60_000 });
    const error = await errorOf(budget.enter(read));
    expect([error.code, error.details, slept]).toEqual(["source-throttled", { retryAt: noon + 60_000 }, []]);
  });

  it("lets twenty go at once, and the next in their order as places become free", async () => {
    const { budget } = open();
    const entered: number[] = [];
    const leaves: (() => void)[] = [];
    const all = Array.from({ length: 23 }, async (_, index) => {
      const leave = await budget.enter(read);
      entered.push(index);
      leaves.push(leave);
    });
    await Promise.all(all.slice(0, 20));
    expect(entered).toHaveLength(20);
    leaves[0]?.();
    await all[20];
    leaves[1]?.();
    await all[21];
    expect(entered.slice(20)).toEqual([20, 21]);
  });

  it("takes points that belong to nobody once for calls that go together, and again for those they do not suffice for", async () => {
    let takes = 0;
    const pool = { take: () => Promise.resolve((takes += 1) <= 9) };
    const { budget } = open({ ...alone, processes: 4, pool });
    await budget.learn({ ...read, unchanged: false }, { primary, retryAt: null });
    const { own } = freshBudget(4);
    const calls = Math.floor(own / points.write) + (2 * points.grant) / points.write;
    await Promise.all(Array.from({ length: calls }, async () => (await budget.enter(write))()));
    expect(takes).toBe(2);
  });

  it("gives the place of a refused call back", async () => {
    const { budget } = learned({ retryAt: noon + 60_000 });
    for (let call = 0; call < 30; call += 1) expect((await errorOf(budget.enter(read))).code).toBe("source-throttled");
  });
});
