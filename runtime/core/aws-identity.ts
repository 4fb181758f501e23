/**
 * How a machine on AWS proves what it is: it signs a call of `sts:GetCallerIdentity` and hands over what the signature
 * needs. Both sides build the whole request themselves from these facts, so that no address, header or body is ever
 * taken from the other one. The fleet and the agent's nonce are signed headers: a proof given to somebody else, or for
 * another agent, is worth nothing here.
 * @see https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
 */

export const identityBody = "Action=GetCallerIdentity&Version=2011-06-15";

export interface IdentityFacts {
  readonly fleet: string;
  readonly region: string;
  readonly nonce: string;
  /** `20150830T123600Z`. */
  readonly date: string;
  readonly sessionToken: string;
}

/** Exactly the headers that are signed, in the order of their names. */
export function identityHeaders(facts: IdentityFacts): Readonly<Record<string, string>> {
  return {
    "content-type": "application/x-www-form-urlencoded; charset=utf-8",
    host: stsHost(facts.region),
    "x-amz-date": facts.date,
    "x-amz-security-token": facts.sessionToken,
    "x-onejob-fleet": facts.fleet,
    "x-onejob-nonce": facts.nonce,
  };
}

/** The region's own; the one for all regions would be another place to depend on. */
export function stsHost(region: string): string {
  return `sts.${region}.amazonaws.com${region.startsWith("cn-") ? ".cn" : ""}`;
}

/** Tags of a machine, which it can read itself; names only. */
export const machineTags = {
  fleet: "onejob:fleet",
  owner: "onejob:owner",
  profile: "onejob:profile",
  launch: "onejob:launch",
  /** Which call of the launch made it: 1, 2, … */
  attempt: "onejob:attempt",
  /** Of a machine that was made alone. */
  runner: "onejob:runner",
} as const;

/** How far a listing of EC2 may be behind. AWS names no limit; seconds are usual. */
export const ec2ListLagMs = 60_000;

/** The value of `onejob:owner`. */
export const machineOwner = "onejob";

/**
 * Of machines that were made together: one call can give several machines the same tags only, so each of them carries
 * the runners of all, by machine.
 */
export function runnerTagOf(machine: string): string {
  return `${machineTags.runner}:${machine}`;
}
