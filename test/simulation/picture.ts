/** The judge's own picture: what was written last, and which machines run. */
import type { FleetRecord, Instant, Job, JobKey, Launch, PlannerRecord, Runner } from "../../runtime/core/model";
import type { SimMachine } from "./sim-cloud";

export interface Caps {
  /** By profile. */
  readonly profiles: Readonly<Record<string, number>>;
  readonly fleet: number;
}

/** How often it is swept, and how long a lease is: what a repair may take follows from them. */
export interface Pace {
  readonly sweepMs: number;
  readonly leaseMs: number;
}

export interface Picture {
  /** As last written, without the ended ones. */
  readonly jobs: ReadonlyMap<JobKey, Job>;
  /** The same wherever they are written: one that is being moved is in two profiles for a moment. */
  readonly places: ReadonlyMap<string, Job>;
  readonly ended: ReadonlyMap<JobKey, Job["state"]>;
  /** Of ended ones, open in another profile: made by who moved it there, just when it ended. */
  readonly copies: ReadonlyMap<JobKey, Job>;
  readonly runners: ReadonlyMap<string, Runner>;
  readonly planners: ReadonlyMap<string, PlannerRecord>;
  readonly fleet: FleetRecord | undefined;
  /** Each as it was first written. */
  readonly launches: ReadonlyMap<string, Launch>;
  /** Those that run. */
  readonly machines: ReadonlyMap<string, SimMachine>;
  readonly caps: Caps;
  readonly pace: Pace;
  /** From when on nothing goes wrong any more. */
  readonly calmAt: Instant | undefined;
}
