/** What the functions of a fleet on AWS know from their deployment: names only, no settings and no secrets. Plain JSON. */
export interface FleetFacts {
  readonly fleet: string;
  /** Of the ledger, in DynamoDB. */
  readonly table: string;
  readonly queueUrl: string;
  /** Bundles and logs of api jobs, in S3. */
  readonly bucket: string;
  /** Where the settings stand in SSM, without a slash at the end. */
  readonly settingsPath: string;
  readonly accountId: string;
  /** By profile. */
  readonly machines: Readonly<Record<string, MachineFacts>>;
}

export interface MachineFacts {
  /** Its name: an id would make a circle, for its user data holds the address of a function that knows these facts. */
  readonly launchTemplate: string;
  readonly subnets: readonly string[];
  /** Unique id of the role its machines have (`AROA…`): that is what they prove. */
  readonly roleId: string;
}

/** Own properties only: a profile may be called `constructor`. */
export function machineFactsOf({ machines }: FleetFacts, profile: string): MachineFacts | undefined {
  return Object.hasOwn(machines, profile) ? machines[profile] : undefined;
}

/** Of a fleet's name: it stands in names of resources, paths and tags. */
export const fleetNamePattern = "^[a-z][a-z0-9-]{0,30}$";

/** Where the agent of a deployment stands in the bucket. */
export const keptAgentKey = (sha256: string): string => `agents/${sha256}.js`;

/** Where what belongs to a fleet stands in SSM. */
export const fleetPath = (fleet: string): string => `/onejob/${fleet}`;

/** Batches of the queue worked on at once. A planner works alone anyway, and forges do not like more. */
export const batchesAtOnce = 5;
