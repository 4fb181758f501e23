/** What an answer says about GitHub's rate limits, in our own time. Pure. */
import type { Instant } from "../../core/model";

/** The parts of an answer that matter here. */
export interface Answered {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  readonly text: string;
}

export interface LimitReading {
  /** The primary limit of the hour; `null`: this server shows none, as most servers of one's own. */
  readonly primary: { readonly limit: number; readonly remaining: number; readonly resetAt: Instant } | null;
  /** We are to be quiet until then; `null`: we are not. */
  readonly retryAt: Instant | null;
}

/** What the docs ask for when an answer names no time. */
const unnamedMs = 60_000;
const longestMs = 3_600_000;
const shortestMs = 1_000;
/** GitHub's own words; the second is what the secondary limits were called before. */
const slowDown = /secondary rate limit|abuse detection|rate limit exceeded/i;

export function readLimits(answer: Answered, now: Instant): LimitReading {
  const primary = readPrimary(answer, now);
  return { primary, retryAt: isThrottle(answer) ? now + waitMs(answer, now) : null };
}

function readPrimary(answer: Answered, now: Instant): LimitReading["primary"] {
  // Others, as for registering runners, are counted apart and must not be mixed with it.
  const resource = answer.headers.get("x-ratelimit-resource") ?? "core";
  const limit = wholeNumber(answer.headers.get("x-ratelimit-limit"));
  const remaining = wholeNumber(answer.headers.get("x-ratelimit-remaining"));
  const resetMs = untilResetMs(answer, now);
  if (resource !== "core" || limit === null || remaining === null || resetMs === null) return null;
  return { limit, remaining, resetAt: now + resetMs };
}

/** 403 also says that a right is missing: only with one of these signs does it mean "too fast". */
function isThrottle({ status, headers, text }: Answered): boolean {
  if (status === 429) return true;
  if (status !== 403) return false;
  const spent = headers.get("x-ratelimit-remaining") === "0";
  return spent || headers.get("retry-after") !== null || slowDown.test(text);
}

function waitMs(answer: Answered, now: Instant): number {
  const spent = answer.headers.get("x-ratelimit-remaining") === "0" ? untilResetMs(answer, now) : null;
  const asked = retryAfterMs(answer, now) ?? spent ?? unnamedMs;
  return Math.min(Math.max(asked, shortestMs), longestMs);
}

/** Seconds, or a date by the server's clock. */
function retryAfterMs({ headers }: Answered, now: Instant): number | null {
  const value = headers.get("retry-after");
  if (value === null) return null;
  const seconds = wholeNumber(value);
  if (seconds !== null) return seconds * 1_000;
  const date = httpDate(value);
  return date === null ? null : date - serverNow(headers, now);
}

function untilResetMs({ headers }: Answered, now: Instant): number | null {
  const reset = wholeNumber(headers.get("x-ratelimit-reset"));
  return reset === null ? null : reset * 1_000 - serverNow(headers, now);
}

/** How far the server's clock is ahead of ours; `null`: it does not say. Good to a second. */
export function skewOf(headers: Answered["headers"], now: Instant): number | null {
  const date = httpDate(headers.get("date"));
  return date === null ? null : date - now;
}

/** `Sat, 21 Nov 2026 12:00:00 GMT`; `Date.parse` alone takes "-5" for a year. */
function httpDate(value: string | null): Instant | null {
  const date = value !== null && /^[A-Z][a-z]{2,8}, /.test(value) ? Date.parse(value) : NaN;
  return Number.isFinite(date) ? date : null;
}

function serverNow(headers: Answered["headers"], now: Instant): Instant {
  return now + (skewOf(headers, now) ?? 0);
}

function wholeNumber(value: string | null): number | null {
  return value !== null && /^\s*\d{1,15}\s*$/.test(value) ? Number(value) : null;
}
