/** What policies are written of: the resources of a fleet, as far as one names them, and a statement. */
export interface Statement {
  readonly Sid: string;
  readonly Effect: "Allow" | "Deny";
  readonly Action: readonly string[];
  readonly Resource: readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
}

/** What a fleet is made of, as far as a policy names it. */
export interface FleetResources {
  readonly fleet: string;
  readonly partition: string;
  readonly region: string;
  readonly accountId: string;
  readonly tableArn: string;
  readonly queueArn: string;
  readonly bucketArn: string;
  /** Path of the settings in SSM, without a slash at the end. */
  readonly settingsPath: string;
  /** Names of SSM parameters. */
  readonly webhookSecrets: readonly string[];
  readonly credentials: readonly string[];
  /** Names of SSM parameters that name an image. */
  readonly imagePointers: readonly string[];
  readonly subnetIds: readonly string[];
  readonly securityGroupId: string;
  readonly machineRoleArns: readonly string[];
}

/** Public parameters, those of AWS itself, belong to no account. */
export function parameterArn({ partition, region, accountId }: FleetResources, name: string): string {
  const owner = name.startsWith("/aws/") ? "" : accountId;
  return `arn:${partition}:ssm:${region}:${owner}:parameter${name.startsWith("/") ? "" : "/"}${name}`;
}
