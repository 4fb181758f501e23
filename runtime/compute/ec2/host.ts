/** What the parts of this compute have in common. */
import type { EC2Client } from "@aws-sdk/client-ec2";
import type { FleetFacts } from "../../core/fleet-facts";
import type { Instant } from "../../core/model";
import type { Clock, Log, Random } from "../../core/ports";
import type { ProfileSettings } from "../../core/settings";
import type { LaunchBudget } from "./launch-budget";
import type { CapacityMemory } from "./pools";

export interface Host {
  readonly facts: FleetFacts;
  readonly profiles: () => readonly ProfileSettings[];
  readonly ec2: EC2Client;
  readonly memory: CapacityMemory;
  readonly budget: LaunchBudget;
  readonly clock: Clock;
  readonly random: Pick<Random, "fraction">;
  readonly log: Log;
  readonly pause: (ms: number) => Promise<unknown>;
  /** When whatever is under way has to be over. @default some time for each call */
  readonly until?: Instant;
}
