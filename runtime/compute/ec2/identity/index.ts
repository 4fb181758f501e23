/** Who a machine is: all that is needed where machines are spoken with and none is made. It asks STS, and never EC2. */
import { OnejobError } from "../../../core/errors";
import type { FleetFacts } from "../../../core/fleet-facts";
import type { Clock, Compute, Log } from "../../../core/ports";
import { identifyRole } from "./identify-role";

export interface Ec2IdentityOptions {
  readonly facts: FleetFacts;
  readonly clock: Clock;
  readonly log: Log;
  /** Of the machines, and of the STS they are asked at. @default AWS_REGION */
  readonly region?: string;
  /** Asks STS. @default Node's own */
  readonly fetch?: typeof fetch;
}

/** Throws `bad-config` when nobody says which region it is: another one's STS knows nothing of the machines. */
export function ec2Identity(options: Ec2IdentityOptions): Compute["identify"] {
  const { facts, clock, log } = options;
  const region = options.region ?? process.env["AWS_REGION"];
  if (region === undefined || region === "") {
    throw new OnejobError("bad-config", "compute ec2 does not know its region; set AWS_REGION to that of the fleet");
  }
  const judge = { facts, region, clock, log, fetch: options.fetch ?? fetch };
  // No machine of a fleet is ever handed a boot token.
  return async (proof) => (proof.kind === "aws" ? identifyRole(proof, judge) : undefined);
}
