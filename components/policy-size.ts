/** Whether the rights of each function fit into its role, before anything is made: with the longest names they may get. */
import type { Problem } from "../runtime/core/settings-check";
import { isGroup } from "../runtime/core/settings-entries";
import type { Settings } from "../runtime/core/settings";
import { namedRoles, ownPointers, systemsOf } from "./fleet-choices";
import { fleetPath } from "../runtime/core/fleet-facts";
import { secretParameters } from "./fleet-secrets";
import { functionNames } from "./function-names";
import { policyOf } from "./permissions";
import type { FunctionResources } from "./permissions";

/** Of all policies written into one role. @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html */
export const mostPolicyLetters = 10_240;

type Group = Readonly<Record<string, unknown>>;

export interface Sized {
  readonly fleet: string;
  readonly settings: Settings;
  readonly args: Group;
}

export function policyProblems(sized: Sized): Problem[] {
  const resources = longestResources(sized);
  const sizes = functionNames.map((name) => JSON.stringify(policyOf(name, resources)).length);
  const most = Math.max(...sizes);
  if (most <= mostPolicyLetters) return [];
  return [
    {
      path: "profiles",
      what: `the rights to start these machines take ${most.toLocaleString("en")} letters, and a role on AWS holds ${mostPolicyLetters.toLocaleString("en")}`,
      fix: "let profiles share roles and images, name fewer subnets, or make a second fleet",
    },
  ];
}

const stand = {
  partition: "aws-us-gov",
  region: "ap-southeast-1",
  accountId: "123456789012",
  id: "0123456789abcdef0",
  name: "n".repeat(64),
} as const;

function longestResources({ fleet, settings, args }: Sized): FunctionResources {
  const { partition, region, accountId, id, name } = stand;
  const arn = (service: string, rest: string) => `arn:${partition}:${service}:${region}:${accountId}:${rest}`;
  const path = fleetPath(fleet);
  const pointers = systemsOf(settings).map(() => `/aws/service/canonical/${name}${name}`);
  return {
    ...{ fleet, partition, region, accountId, settingsPath: `${path}/settings`, ...secretParameters(settings) },
    ...{
      tableArn: arn("dynamodb", `table/${name}`),
      queueArn: arn("sqs", name),
      bucketArn: `arn:${partition}:s3:::${name}`,
    },
    imagePointers: [...pointers, ...ownPointers(settings)],
    subnetIds: Array.from({ length: subnetCount(args["network"]) }, () => `subnet-${id}`),
    securityGroupId: `sg-${id}`,
    machineRoleArns: [`arn:${partition}:iam::${accountId}:role${path}/*`, ...namedRoles(settings)],
    logGroupArn: arn("logs", `log-group:${path}/webhook`),
    inVpc: isGroup(args["ingress"]) && args["ingress"]["kind"] === "private-api",
  };
}

/** As many as a region has zones, where they are made or known later. */
const usualSubnets = 6;

function subnetCount(network: unknown): number {
  const given = isGroup(network) ? network["subnetIds"] : undefined;
  return Math.max(usualSubnets, Array.isArray(given) ? given.length : 0);
}
