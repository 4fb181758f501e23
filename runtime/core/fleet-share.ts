/**
 * How the profiles share the fleet's limit. A planner writes how many runners its profile may hold before it makes them,
 * on the version of everybody's shares, so the limit is exact.
 */
import type { FleetRecord } from "./model";

export interface ShareRequest {
  readonly profile: string;
  /** Runners that exist or may exist. */
  readonly live: number;
  /** Runners to be made on top. */
  readonly growth: number;
  /** Whether the fleet's limit held something back. */
  readonly hungry: boolean;
  /** Version of the planner record this was decided on. */
  readonly planner: number;
  readonly maxRunners: number;
}

export type ShareDecision =
  /** Go on; `next`: what to write first. */
  | { readonly kind: "granted"; readonly next: Partial<FleetRecord> | undefined; readonly freed: readonly string[] }
  /** Room was won that others have waited for longer: give it back, make nothing now. */
  | { readonly kind: "yielded"; readonly next: Partial<FleetRecord>; readonly freed: readonly string[] }
  /** Others took the room meanwhile. */
  | { readonly kind: "full" }
  /** A newer decision of this profile's planner was written, and its record was not. */
  | { readonly kind: "outdated" };

/** Room of one profile: the limit less what the others may hold. */
export function roomOf(profile: string, fleet: FleetRecord, maxRunners: number): number {
  if (fleet.draining) return 0;
  const others = Object.entries(fleet.shares).filter(([name]) => name !== profile);
  return maxRunners - others.reduce((sum, [, share]) => sum + share.runners, 0);
}

export function decideShare(fleet: FleetRecord, request: ShareRequest): ShareDecision {
  const { profile, live, growth, hungry } = request;
  const before = fleet.shares[profile] ?? { runners: 0, planner: 0 };
  const growing = growth > 0;
  const planner = request.planner + (growing ? 1 : 0);
  if (before.planner > planner) return { kind: "outdated" };
  const others = fleet.hungry.filter((name) => name !== profile);
  if (growing && others.length > 0 && live < before.runners) {
    const share = { runners: live, planner: request.planner };
    return { kind: "yielded", next: patch(fleet, profile, { share, hungry: [profile] }), freed: others };
  }
  if (growing && live + growth > roomOf(profile, fleet, request.maxRunners)) return { kind: "full" };
  const runners = growing && before.planner === planner ? Math.max(before.runners, live + growth) : live + growth;
  const wasHungry = fleet.hungry.includes(profile);
  const freed = runners < before.runners || (wasHungry && !hungry) ? others : [];
  // While growing it is always written: the planner version in it is what stops a slower planner from lowering it.
  const unchanged = !growing && runners === before.runners && wasHungry === hungry;
  if (unchanged) return { kind: "granted", next: undefined, freed: [] };
  const rest = freed.length > 0 ? [] : others;
  const next = patch(fleet, profile, { share: { runners, planner }, hungry: hungry ? [...rest, profile] : rest });
  return { kind: "granted", next, freed };
}

function patch(
  fleet: FleetRecord,
  profile: string,
  change: { readonly share: FleetRecord["shares"][string]; readonly hungry: readonly string[] },
): Partial<FleetRecord> {
  return { shares: { ...fleet.shares, [profile]: change.share }, hungry: change.hungry };
}
