/** How long an invocation may begin new things: the platform cuts off what has not ended when its own time is over. */
import type { LambdaContext } from "./hosting";

export interface TimeWishes {
  /** What was begun last gets this long to end. */
  readonly graceMs: number;
  /** Where nobody says how much time there is. */
  readonly usualMs: number;
}

/** From now on. Of a short time at least half is used. */
export function limitMs(context: LambdaContext, { graceMs, usualMs }: TimeWishes): number {
  const leftMs = leftOf(context, usualMs + graceMs);
  return Math.max(leftMs / 2, leftMs - graceMs);
}

export function leftOf(context: LambdaContext, usualMs: number): number {
  return context.getRemainingTimeInMillis?.() ?? usualMs;
}
