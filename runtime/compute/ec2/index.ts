/** Machines that are EC2 instances, made by a fleet on AWS. How, and with what rights: `readme.md`. */
import { setTimeout as sleep } from "node:timers/promises";
import type { EC2Client } from "@aws-sdk/client-ec2";
import type { Compute, Random } from "../../core/ports";
import type { Settings } from "../../core/settings";
import { turns } from "../../core/turns";
import type { Host } from "./host";
import { type Ec2IdentityOptions, ec2Identity } from "./identity";
import { launchMachines, longestLaunchMs } from "./launch";
import { LaunchBudget } from "./launch-budget";
import { listMachines } from "./list";
import { CapacityMemory } from "./pools";
import { terminateMachines } from "./terminate";
import { ec2Traits } from "./traits";

export { longestLaunchMs };

export interface Ec2Options extends Ec2IdentityOptions {
  readonly settings: () => Pick<Settings, "profiles">;
  /** Best made with `maxAttempts: 1`: repeating is done here, where the outcome is known to matter. */
  readonly clients: { readonly ec2: EC2Client };
  readonly random: Pick<Random, "fraction">;
  /** @default a timer */
  readonly pause?: (ms: number) => Promise<unknown>;
}

export function ec2Compute(options: Ec2Options): Compute {
  const { facts, settings, clients, clock, random, log } = options;
  const host: Host = {
    facts,
    profiles: () => settings().profiles,
    ec2: clients.ec2,
    memory: new CapacityMemory(clock),
    budget: new LaunchBudget(clock),
    ...{ clock, random, log },
    pause: options.pause ?? sleep,
  };
  const waiting = turns();
  return {
    ...ec2Traits,
    // One after the other, so that a launch that is repeated meets all that the first one did.
    launch: (request) => waiting(request.launch, () => launchMachines(host, request)),
    terminate: (machines) => terminateMachines(host, machines),
    list: () => listMachines(host),
    identify: ec2Identity(options),
  };
}
