/**
 * Were we away ourselves? Who comes this much later than something was due did not only sweep seldom: its machine slept,
 * or its clock was set. Then silence proves nothing, as nobody could be heard.
 */
import type { Instant } from "../core/model";
import type { Ports } from "../core/ports";

export function wereAway({ deadlineAt }: { readonly deadlineAt: Instant | null }, ports: Ports): boolean {
  const now = ports.clock.now();
  const { lease, sweep } = ports.settings();
  return now - (deadlineAt ?? now) > lease.durationMs + 2 * sweep.intervalMs;
}
