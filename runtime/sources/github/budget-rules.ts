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
  /** Points of a minute that are ours alone. */
  readonly own: number;
  /** Points that we may use besides, each from when they were given us. */
  readonly granted: readonly Spending[];
  /** Background calls since the primary limit began anew. */
  readonly background: number;
  readonly quietUntil: Instant;
}

interface Spending {
  readonly at: Instant;
  readonly points: number;
}

export type Decision =
  | { readonly go: true; readonly state: BudgetState }
  /** `points`: with more of them it could go at once. */
  | { readonly go: false; readonly at: Instant; readonly lacks: "points" | "time" };

/** `grant`: as many at a time are taken from what belongs to nobody. */
export const points = { read: 1, write: 5, perMinute: 900, grant: 50 } as const;
/** A minute, and time for calls to arrive closer together than they were sent. */
export const windowMs = 62_000;
const secondMs = 1_000;
/** Of the primary limit. */
const backgroundShare = 0.2;
/** Of the points of one's own: a large poll must not make runners wait. */
const backgroundOwn = 0.5;
/** The reset is told in seconds of another clock; what differs by less is the same one. */
const sameResetMs = 30_000;

/** Of several processes each has its share of one half of a minute's points; the other half is granted to who asks. */
export function freshBudget(processes = 1): BudgetState {
  const own = processes === 1 ? points.perMinute : Math.floor(points.perMinute / 2 / processes);
  return { primary: null, spent: [], own, granted: [], background: 0, quietUntil: 0 };
}

export function grant(state: BudgetState, now: Instant): BudgetState {
  return { ...state, granted: [...recent(state.granted, now), { at: now, points: points.grant }] };
}

export function decide(state: BudgetState, call: CallKind, now: Instant): Decision {
  const told = whenTold(state, call, now);
  const at = Math.max(told, state.primary === null ? 0 : whenPointsAllow(state, call, now));
  if (at > now) return { go: false, at, lacks: told > now ? "time" : "points" };
  const cost = call.mutates ? points.write : points.read;
  const background = countedBackground(state, now) + (call.background ? 1 : 0);
  return { go: true, state: { ...state, background, spent: addSpending(state.spent, cost, now) } };
}

/** By what the server said. */
function whenTold(state: BudgetState, call: CallKind, now: Instant): Instant {
  const { primary, quietUntil } = state;
  if (primary === null) return quietUntil;
  const isSpent = primary.remaining === 0;
  const hasShare = call.background && countedBackground(state, now) >= Math.floor(primary.limit * backgroundShare);
  return Math.max(quietUntil, isSpent || hasShare ? primary.resetAt : 0);
}

function countedBackground({ primary, background }: BudgetState, now: Instant): number {
  return primary !== null && primary.resetAt <= now ? 0 : background;
}

/** The moment enough of what was spent is older than the window. */
function whenPointsAllow({ spent, own, granted }: BudgetState, call: CallKind, now: Instant): Instant {
  const allowed = (call.background ? own * backgroundOwn : own) + total(recent(granted, now));
  const counted = recent(spent, now);
  let over = total(counted) + (call.mutates ? points.write : points.read) - allowed;
  let at = now;
  for (const { at: spentAt, points: part } of counted) {
    if (over <= 0) break;
    over -= part;
    at = spentAt + windowMs;
  }
  return at;
}

function total(spendings: readonly Spending[]): number {
  return spendings.reduce((sum, { points: part }) => sum + part, 0);
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
