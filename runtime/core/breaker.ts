/** A breaker per profile and reach: machines that never take a job are not made without end. */
import type { Breaker, Instant } from "./model";
import type { ReasonCode } from "./reasons";

const failuresToOpen = 3;
const probeEveryMs = 15 * 60_000;

export interface BreakerGate {
  readonly probe: boolean;
  readonly reason: ReasonCode;
  readonly detail: string | null;
  readonly until: Instant;
}

/** `undefined`: closed. Else whether one probe may go now, and when the next one may. */
export function breakerGate(breaker: Breaker | undefined, supply: number, now: Instant): BreakerGate | undefined {
  if (breaker?.openUntil == null) return undefined;
  const due = breaker.openUntil <= now;
  return {
    probe: due && supply === 0,
    reason: breaker.reason,
    detail: breaker.detail ?? null,
    until: due ? breaker.openUntil + probeEveryMs : breaker.openUntil,
  };
}

/** After a machine that never took a job. */
export function breakerFailed(
  breaker: Breaker | undefined,
  { reason, detail }: { readonly reason: ReasonCode; readonly detail: string | null },
  now: Instant,
): Breaker {
  const failures = (breaker?.failures ?? 0) + 1;
  return { failures, reason, detail, openUntil: failures >= failuresToOpen ? now + probeEveryMs : null };
}
