/**
 * How the profiles share the fleet's limit. A planner writes how many runners its profile may hold before it makes them,
 * on the version of everybody's shares, so the limit is exact.
 */
import type { FleetRecord, Instant } from "./model";

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
  readonly now: Instant;
}

export type ShareDecision =
  /** Go on; `next`: what to write first. */
  | { readonly kind: "granted"; readonly next: Partial<FleetRecord> | undefined; readonly told: readonly string[] }
  /** Others have waited for room longer: make nothing now, they are told. */
  | { readonly kind: "yielded"; readonly next: Partial<FleetRecord> | undefined; readonly told: readonly string[] }
  /** Others took the room meanwhile. */
  | { readonly kind: "full" }
  /** A newer decision of this profile's planner was written at `since`, and its record was not (yet). */
  | { readonly kind: "outdated"; readonly since: Instant };

/** Room of one profile: the limit less what the others may hold. */
export function roomOf(profile: string, fleet: FleetRecord, maxRunners: number): number {
  if (fleet.draining) return 0;
  const others = Object.entries(fleet.shares).filter(([name]) => name !== profile);
  return maxRunners - others.reduce((sum, [, share]) => sum + share.runners, 0);
}

/**
 * `hungry` is a queue: only its head may grow, and goes to its end when it did and wants more. So profiles that compete
 * take turns, however busy one of them is.
 */
export function decideShare(fleet: FleetRecord, request: ShareRequest): ShareDecision {
  const { profile, live, growth } = request;
  const before = fleet.shares[profile] ?? { runners: 0, planner: 0, at: request.now };
  const growing = growth > 0;
  const planner = request.planner + (growing ? 1 : 0);
  if (before.planner > planner) return { kind: "outdated", since: before.at };
  const place = fleet.hungry.indexOf(profile);
  const others = fleet.hungry.filter((name) => name !== profile);
  if (growing && (place > 0 || (place < 0 && others.length > 0))) {
    if (before.planner > request.planner) return { kind: "outdated", since: before.at };
    const hungry = place < 0 ? [...fleet.hungry, profile] : fleet.hungry;
    return { kind: "yielded", ...change(fleet, request, { runners: live, planner: request.planner, hungry }) };
  }
  if (growing && live + growth > roomOf(profile, fleet, request.maxRunners)) return { kind: "full" };
  const runners = growing && before.planner === planner ? Math.max(before.runners, live + growth) : live + growth;
  const hungry = hungryAfter(fleet.hungry, request);
  return { kind: "granted", ...change(fleet, request, { runners, planner, hungry }) };
}

function hungryAfter(queue: readonly string[], request: ShareRequest): readonly string[] {
  const others = queue.filter((name) => name !== request.profile);
  if (!request.hungry) return others;
  return queue.includes(request.profile) && request.growth === 0 ? queue : [...others, request.profile];
}

/** What to write, and who may find room or its turn by it. */
function change(
  fleet: FleetRecord,
  { profile, growth, now }: ShareRequest,
  to: { readonly runners: number; readonly planner: number; readonly hungry: readonly string[] },
): { readonly next: Partial<FleetRecord> | undefined; readonly told: readonly string[] } {
  const before = fleet.shares[profile]?.runners ?? 0;
  const moved = to.hungry.join() !== fleet.hungry.join();
  const { runners, planner, hungry } = to;
  // While growing it is always written: the planner version in it is what stops a slower planner from lowering it.
  if (growth === 0 && runners === before && !moved) return { next: undefined, told: [] };
  const next = { shares: { ...fleet.shares, [profile]: { runners, planner, at: now } }, hungry };
  const told = runners < before || moved ? hungry.filter((name) => name !== profile) : [];
  return { next, told };
}
