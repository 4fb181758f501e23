/** What stands for records nobody wrote yet: version 0, so that the first write has version 1. */
import type { FleetRecord, PlannerRecord } from "../core/model";

export const emptyFleet: FleetRecord = { shares: {}, hungry: [], draining: false, version: 0 };

export function emptyPlanner(profile: string): PlannerRecord {
  return { profile, lease: null, dirty: false, launches: [], blocked: {}, breakers: {}, version: 0 };
}
