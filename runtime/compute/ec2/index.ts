/** Machines that are EC2 instances, made by a fleet on AWS. How, and with what rights: `readme.md`. */
import { setTimeout as sleep } from "node:timers/promises";
import type { EC2Client } from "@aws-sdk/client-ec2";
import { ec2ListLagMs } from "../../core/aws-identity";
import type { FleetFacts } from "../../core/fleet-facts";
import type { Clock, Compute, Log, Random } from "../../core/ports";
import type { Settings } from "../../core/settings";
import { turns } from "../../core/turns";
import type { Host } from "./host";
import { identifyRole } from "./identity/identify-role";
import { launchMachines } from "./launch";
import { listMachines } from "./list";
import { CapacityMemory } from "./pools";
import { terminateMachines } from "./terminate";

export interface Ec2Options {
  readonly facts: FleetFacts;
  readonly settings: () => Pick<Settings, "profiles">;
  /** Best made with `maxAttempts: 1`: repeating is done here, where the outcome is known to matter. */
  readonly clients: { readonly ec2: EC2Client };
  readonly clock: Clock;
  readonly random: Pick<Random, "fraction">;
  readonly log: Log;
  /** Of the machines, and of the STS they are asked at. @default AWS_REGION */
  readonly region?: string;
  /** Asks STS. @default Node's own */
  readonly fetch?: typeof fetch;
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
    ...{ clock, random, log },
    pause: options.pause ?? sleep,
  };
  const region = options.region ?? process.env["AWS_REGION"] ?? "us-east-1";
  const judge = { facts, region, clock, log, fetch: options.fetch ?? fetch };
  const waiting = turns();
  return {
    kind: "ec2",
    wall: "machine",
    listLagMs: ec2ListLagMs,
    // One after the other, so that a launch that is repeated meets all that the first one did.
    launch: (request) => waiting(request.launch, () => launchMachines(host, request)),
    terminate: (machines) => terminateMachines(host, machines),
    list: () => listMachines(host),
    async identify(proof) {
      // No machine of a fleet is ever handed a boot token.
      return proof.kind === "aws" ? identifyRole(proof, judge) : undefined;
    },
  };
}
