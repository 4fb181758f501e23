/**
 * When a call may go, by GitHub's rules: https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api
 * Decisions only; `budget.ts` waits.
 */
import type { Instant } from "../../core/model";
import type { LimitReading } from "./limits";

export interface CallKind {
  readonly mutates: boolean;
  /** Looking for what got lost: it can wait, and must leave room for what jobs wait for. */
  readonly background: boolean;
}

export interface BudgetState {
  /** As last told; `null`: this server shows no limits, so none are kept. */
  readonly primary: LimitReading["primary"];
  /** Points by second, oldest first; only those that may still count. */
  readonly spent: readonly Spending[];
  /** Background calls since the primary limit began anew. */
  readonly background: number;
  readonly quietUntil: Instant;
}

interface Spending {
  readonly at: Instant;
  readonly points: number;
}

export type Decision =
  { readonly go: true; readonly state: BudgetState } | { readonly go: false; readonly at: Instant };

export const freshBudget: BudgetState = { primary: null, spent: [], background: 0, quietUntil: 0 };

export const points = { read: 1, write: 5, perMinute: 900 } as const;
/** A minute, and time for calls to arrive closer together than they were sent. */
const windowMs = 62_000;
const secondMs = 1_000;
/** Of the primary limit. */
const backgroundShare = 0.2;
/** Of the points of a minute: a large poll must not make runners wait. */
const backgroundPoints = points.perMinute / 2;
/** The reset is told in seconds of another clock; what differs by less is the same one. */
const sameResetMs = 30_000;

export function decide(state: BudgetState, call: CallKind, now: Instant): Decision {
  const at = earliest(state, call, now);
  if (at > now) return { go: false, at };
  const cost = call.mutates ? points.write : points.read;
  const background = countedBackground(state, now) + (call.background ? 1 : 0);
  return { go: true, state: { ...state, background, spent: addSpending(state.spent, cost, now) } };
}

function earliest(state: BudgetState, call: CallKind, now: Instant): Instant {
  const { primary, quietUntil } = state;
  if (primary === null) return quietUntil;
  const isSpent = primary.remaining === 0;
  const hasShare = call.background && countedBackground(state, now) >= Math.floor(primary.limit * backgroundShare);
  const afterReset = isSpent || hasShare ? primary.resetAt : 0;
  return Math.max(quietUntil, afterReset, whenPointsAllow(state.spent, call, now));
}

function countedBackground({ primary, background }: BudgetState, now: Instant): number {
  return primary !== null && primary.resetAt <= now ? 0 : background;
}

/** The moment enough of what was spent is older than the window. */
function whenPointsAllow(spent: readonly Spending[], call: CallKind, now: Instant): Instant {
  const room = (call.background ? backgroundPoints : points.perMinute) - (call.mutates ? points.write : points.read);
  const counted = recent(spent, now);
  let over = counted.reduce((sum, { points: part }) => sum + part, 0) - room;
  let at = now;
  for (const { at: spentAt, points: part } of counted) {
    if (over <= 0) break;
    over -= part;
    at = spentAt + windowMs;
  }
  return at;
}

/** What lies ahead of us was written before the clock was set back: it would count for as long as it was wrong. */
function recent(spent: readonly Spending[], now: Instant): readonly Spending[] {
  return spent.filter(({ at }) => at > now - windowMs && at <= now + secondMs);
}

/** Summed up by second, dated by its end, so that nothing is forgotten too early. */
function addSpending(spent: readonly Spending[], cost: number, now: Instant): readonly Spending[] {
  const counted = recent(spent, now);
  const at = Math.ceil(now / secondMs) * secondMs;
  const last = counted.at(-1);
  return last?.at === at
    ? [...counted.slice(0, -1), { at, points: last.points + cost }]
    : [...counted, { at, points: cost }];
}

/** `unchanged`: answered 304, which the primary limit does not count. */
export function learn(state: BudgetState, call: CallKind & { unchanged: boolean }, reading: LimitReading): BudgetState {
  const primary = reading.primary ?? state.primary;
  const known = state.primary;
  const isNewHour = known !== null && primary !== null && primary.resetAt > known.resetAt + sameResetMs;
  const background = Math.max(0, (isNewHour ? 0 : state.background) - (call.background && call.unchanged ? 1 : 0));
  return { ...state, primary, background, quietUntil: Math.max(state.quietUntil, reading.retryAt ?? 0) };
}
