/** What a fleet is told: the arguments of `RunnerFleet`, and of the parts that users choose. */
import type * as pulumi from "@pulumi/pulumi";
import type { FileOf } from "../runtime/core/settings-node";
import type { SettingsFile } from "../runtime/core/settings-schema";
import type { githubSource } from "../runtime/core/settings-schema-sources";
import type { PrivateService } from "./private-services";

type GithubFile = FileOf<typeof githubSource>;
type SourceFile = NonNullable<SettingsFile["sources"]>[number];

/**
 * A source of GitHub, as in `onejob.yaml`. What `auth` and `webhookSecrets` leave out is read from the fleet's own
 * SSM parameters, `/onejob/<fleet>/secrets/<source>/…`; the output `secretsToFill` lists them.
 */
export type GithubSourceArgs = Omit<GithubFile, "auth"> & { readonly auth?: GithubFile["auth"] };

/** A place where jobs come from, as in `onejob.yaml`. Every key: docs/configuration.md. */
export type SourceArgs = Exclude<SourceFile, { readonly kind: "github" }> | GithubSourceArgs;

/** A runner profile, as in `onejob.yaml`; its compute is `ec2`. Every key: docs/configuration.md. */
export type ProfileArgs = NonNullable<SettingsFile["profiles"]>[number];

/** Where machines stand: a network made for them (the first two), or your own (the rest). Never both. */
export interface NetworkArgs {
  /**
   * Addresses of the network to be made. A later change replaces the network, and with it every running machine.
   * @default "10.0.0.0/16"
   */
  readonly cidrBlock?: string;
  /**
   * Over how many availability zones the network is spread, 1 to 6. More of them find spot capacity sooner, so write 3
   * where the region has them; one that has fewer refuses, and every region has two.
   * @default 2
   */
  readonly availabilityZones?: number;
  /** Your own VPC. Needs `subnetIds`. */
  readonly vpcId?: pulumi.Input<string>;
  /** Subnets of your own VPC, with a way out to the internet, or at least to the forge and this fleet. */
  readonly subnetIds?: pulumi.Input<pulumi.Input<string>[]>;
  /**
   * Whether machines in your own subnets get a public address (0.005 USD an hour each). `false` needs another way out,
   * such as a NAT gateway.
   * @default true
   */
  readonly assignPublicIp?: boolean;
  /**
   * With `private-api`: route tables of your subnets. They get free gateways to DynamoDB and S3, which functions inside
   * the VPC need. AWS refuses a second gateway in a table.
   * @default none is changed: they have these gateways, or another way out
   */
  readonly routeTableIds?: pulumi.Input<pulumi.Input<string>[]>;
  /**
   * With `private-api`: services that functions reach by an interface endpoint made for them, at about 7.30 USD a month
   * for each of your subnets, which must be in different zones. Leave out those your VPC has an endpoint for, which AWS
   * refuses to make twice; `[]` where it has all, or a NAT gateway.
   * @default ["sqs", "ssm", "ec2", "sts"]
   */
  readonly endpoints?: readonly PrivateService[];
}

/**
 * How forges, machines and people reach the fleet. A change makes new addresses: webhooks have to be told.
 *
 * - `function-url`: no cost, and no throttling but `reservedConcurrency`.
 * - `http-api`: 1.00 USD per million requests, throttled. For accounts that forbid public function URLs.
 * - `private-api`: only through an interface endpoint of your VPC. For a GitHub Enterprise Server in the same network.
 *   Without `vpcEndpointId` one is made, at about 7.30 USD a month for each of your subnets, of which no two may then
 *   be in one availability zone. Functions that call the forge stand inside the VPC, with further endpoints:
 *   `network.endpoints`.
 */
export type IngressArgs = FunctionUrlArgs | HttpApiArgs | PrivateApiArgs;

export interface FunctionUrlArgs {
  readonly kind: "function-url";
}

export interface HttpApiArgs {
  readonly kind: "http-api";
}

export interface PrivateApiArgs {
  readonly kind: "private-api";
  /**
   * An interface endpoint for `execute-api` in your VPC.
   * @default one is made in `network.subnetIds`, each of another zone, as AWS refuses two of one
   */
  readonly vpcEndpointId?: pulumi.Input<string>;
  /**
   * Who reaches the endpoint that is made: IPv4 addresses, at most 50. Name those of a network that is peered or behind
   * a VPN when GitHub Enterprise Server is there. Not with `vpcEndpointId`, which has a security group of its own.
   * @default those of the VPC
   */
  readonly allowedCidrs?: readonly string[];
}

/** Images that machines start from. */
export interface FleetImagesArgs {
  /**
   * Whether images are baked for profiles that name a system. Without, machines start from the system's own image and
   * install what is missing, about a minute each time.
   * @default true
   */
  readonly bake?: boolean;
  /**
   * When, as Image Builder has it: `cron(…)`, in UTC. GitHub refuses runners older than 30 days.
   * @default "cron(0 4 ? * sun *)"
   */
  readonly schedule?: string;
  /** What they are baked on. @default c7i.large and c7g.large */
  readonly instanceType?: BakeTypes;
}

/** One instance type for each architecture. */
export interface BakeTypes {
  readonly x64?: string;
  readonly arm64?: string;
}

/** Who hears of alarms: exactly one of the two. */
export interface AlarmsArgs {
  /** Gets a mail for each alarm, after confirming the first. */
  readonly email?: string;
  /** An SNS topic of yours. CloudWatch and EventBridge must be allowed to publish to it. */
  readonly topicArn?: pulumi.Input<string>;
}

export interface BudgetArgs {
  /** US dollars a month, for everything with the fleet's tag. From 1. */
  readonly monthlyUsd: number;
  /** Gets a mail at 80 % spent, and when the forecast goes beyond. */
  readonly email: string;
}

export interface RunnerFleetArgs {
  /**
   * Name of the fleet in this account and region: in names, paths and tags. A change makes a new fleet.
   * `^[a-z][a-z0-9-]{0,30}$`.
   * @default "<component name>-<stack>"
   */
  readonly fleetName?: string;
  /** Where jobs come from. The source `api` is always there. */
  readonly sources: readonly SourceArgs[];
  /** What runners there are; at least one. */
  readonly profiles: readonly ProfileArgs[];
  /** For jobs submitted with neither label nor profile. @default the first profile */
  readonly defaultProfile?: string;
  /** Limits over all profiles. @default maxRunners 8, maxWebhookBytes 1 MiB */
  readonly server?: Omit<NonNullable<SettingsFile["server"]>, "listen">;
  /** How often the fleet looks for what is overdue; whole minutes. Each pass costs, also while idle. @default "1m" */
  readonly sweep?: SettingsFile["sweep"];
  /** How long a planner, or an agent that says nothing, is trusted before somebody looks. @default "3m" */
  readonly lease?: SettingsFile["lease"];
  /** How long finished jobs and their logs are kept. @default "7d" */
  readonly retention?: SettingsFile["retention"];
  /** @default a network of its own: public subnets, nothing inbound, no NAT gateway */
  readonly network?: NetworkArgs;
  /** @default { kind: "function-url" } */
  readonly ingress?: IngressArgs;
  readonly images?: FleetImagesArgs;
  /** @default the alarms stand in CloudWatch, and nobody is told */
  readonly alarms?: AlarmsArgs;
  /** A CloudWatch dashboard: 3.00 USD a month. @default false */
  readonly dashboard?: boolean;
  /** @default none */
  readonly budget?: BudgetArgs;
  /** How long the functions' logs are kept, in days; one of the numbers CloudWatch knows. @default 14 */
  readonly logRetentionDays?: number;
  /**
   * Most executions at once of each of the two public functions, 1 to 450. It bounds what strangers can cost. An
   * account with a limit of 10, as new ones have, cannot reserve any.
   * @default none reserved
   */
  readonly reservedConcurrency?: number;
  /** Keeps the table and the bucket, whatever becomes of the stack. @default false */
  readonly protect?: boolean;
  /** On everything that can have tags; keys that begin with `onejob:` or `aws:` are taken. At most 30. */
  readonly tags?: Readonly<Record<string, string>>;
}
