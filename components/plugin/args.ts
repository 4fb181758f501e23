/**
 * The arguments of `RunnerFleet` as other languages can say them: named interfaces, no unions of shapes, no read-only
 * lists. Keys, places and meaning are those of `RunnerFleetArgs`, so that a problem's path is the same in each.
 * Pulumi's analyzer reads this text: https://www.pulumi.com/docs/iac/guides/building-extending/components/build-a-component/
 */
import type * as pulumi from "@pulumi/pulumi";
import type { Architecture, Connect, Intake, IngressKind, OnInterruption } from "./words";
import type { PrivateService, SourceKind, Spot } from "./words";

export interface FleetArgs {
  /** Name of the fleet in this account and region: in names, paths and tags. Default: `<component name>-<stack>`. */
  fleetName?: string;
  /** Where jobs come from. */
  sources: Source[];
  /** What runners there are; at least one. */
  profiles: Profile[];
  /** For jobs submitted with neither label nor profile. Default: the first profile. */
  defaultProfile?: string;
  /** Limits over all profiles. */
  server?: Server;
  /** How often the fleet looks for what is overdue. */
  sweep?: Sweep;
  /** How long silence is trusted. */
  lease?: Lease;
  /** How long finished jobs and their logs are kept. */
  retention?: Retention;
  /** Where machines stand. Default: a network of its own, with public subnets, nothing inbound, no NAT gateway. */
  network?: Network;
  /** How the fleet is reached. Default: function URLs. */
  ingress?: Ingress;
  /** Images that machines start from. */
  images?: Images;
  /** Who hears of alarms: exactly one of the two. Default: nobody is told. */
  alarms?: Alarms;
  /** A CloudWatch dashboard: 3.00 USD a month. Default: false. */
  dashboard?: boolean;
  /** Mails when the fleet costs more than it may. Default: none. */
  budget?: Budget;
  /** How long the functions' logs are kept, in days; one of the numbers CloudWatch knows. Default: 14. */
  logRetentionDays?: number;
  /** Most executions at once of each of the two public functions, 1 to 450. Default: none reserved. */
  reservedConcurrency?: number;
  /** Keeps the table and the bucket, whatever becomes of the stack. Default: false. */
  protect?: boolean;
  /** On everything that can have tags. At most 40. */
  tags?: Record<string, string>;
}

export interface Source {
  /** Name of the source, unique. Webhooks go to `/webhooks/<name>`. */
  name: string;
  kind: SourceKind;
  /** Where GitHub's web pages are. Default: `https://github.com`. */
  url?: string;
  /** Organisations, and repositories as `owner/name`. */
  scopes?: string[];
  /** Runner group that organisations' runners join. */
  runnerGroup?: string;
  /** Who the fleet is at GitHub: an app, or a token. */
  auth?: Auth;
  /** Where the secrets are kept that GitHub signs webhooks with. Default: the fleet's own SSM parameter. */
  webhookSecrets?: SecretPlace[];
  /** A fleet hears of jobs by `webhook`. */
  intake?: Intake;
  poll?: Poll;
  /** How often what got lost is looked for. */
  recovery?: Recovery;
  /** `same-user`; without effect in a fleet. */
  trust?: string;
  runner?: Runner;
}

export interface Auth {
  /** Id of the GitHub App, from its settings page. */
  appId?: number;
  /** Default, with an app: the fleet's own SSM parameter. */
  privateKey?: SecretPlace;
  /** Default, without an app: the fleet's own SSM parameter. */
  token?: SecretPlace;
}

/** Where a secret is kept; never the secret itself. */
export interface SecretPlace {
  /** For a server of your own; a fleet refuses it. */
  env?: string;
  /** For a server of your own; a fleet refuses it. */
  file?: string;
  /** Name of an SSM SecureString parameter. */
  ssm?: string;
}

export interface Poll {
  interval?: string;
}

export interface Recovery {
  /** Time between two looks for webhooks that never arrived. */
  deliveries?: string;
  /** Time between two looks for runners that are left over. */
  runners?: string;
  /** Time between two looks for jobs that no webhook told of. */
  jobs?: string;
}

/** GitHub's own runner program on the machine. */
export interface Runner {
  path?: string;
  version?: string;
  releasesUrl?: string;
}

export interface Profile {
  /** Name of the profile, unique. */
  name: string;
  /** A job fits when all the labels it asks for are listed here. */
  labels?: string[];
  compute?: Compute;
  limits?: Limits;
  timeouts?: Timeouts;
  /** Among profiles that fit a job equally well the one with the higher number gets it. */
  priority?: number;
}

/** An EC2 instance of its own for each job. */
export interface Compute {
  /** `ec2` */
  kind: string;
  /** What machines start from. */
  image?: Image;
  /** Default: x64. */
  arch?: Architecture;
  /** Which instance types may be taken. */
  types?: string[];
  /** Default: preferred. */
  spot?: Spot;
  /** With `spot: preferred`: how often spot is tried until on-demand is taken. */
  spotAttempts?: number;
  /** Default: rerun. */
  onInterruption?: OnInterruption;
  /** The machine's disk. */
  volume?: Volume;
  /** ARN of an IAM role that the machines have. Default: one that may do nothing. */
  role?: string;
  /** Default: never. */
  connect?: Connect;
}

/** Exactly one of the three. */
export interface Image {
  /** `ubuntu-24.04` */
  os?: string;
  /** Id of an AMI. */
  ami?: string;
  /** Name of an SSM parameter that holds the id of an AMI. */
  ssm?: string;
}

export interface Volume {
  sizeGiB?: number;
  throughputMiBps?: number;
  iops?: number;
}

export interface Limits {
  /** Most runners of this profile at once. */
  maxRunners?: number;
  memoryMiB?: number;
  cpus?: number;
}

/** Each as `90s`, `5m`, `6h30m` or `2d`. */
export interface Timeouts {
  boot?: string;
  idle?: string;
  job?: string;
  queued?: string;
  waiting?: string;
}

export interface Server {
  /** Most runners at once over all profiles. */
  maxRunners?: number;
  /** Longest webhook body that is read. */
  maxWebhookBytes?: number;
}

export interface Sweep {
  /** Whole minutes. Each pass costs, also while idle. Default: `1m`. */
  interval?: string;
}

export interface Lease {
  /** Default: `3m`. */
  duration?: string;
}

export interface Retention {
  /** Default: `7d`. */
  finished?: string;
  logsMiB?: number;
}

/** A network made for the machines (the first two), or your own (the rest). Never both. */
export interface Network {
  /** Default: 10.0.0.0/16. */
  cidrBlock?: string;
  /** Over how many zones the network is spread, 1 to 6. Default: 2. */
  availabilityZones?: number;
  /** Your own VPC. Needs `subnetIds`. */
  vpcId?: pulumi.Input<string>;
  /** Subnets of your own VPC, with a way out. */
  subnetIds?: pulumi.Input<pulumi.Input<string>[]>;
  /** Whether machines in your own subnets get a public address. Default: true. */
  assignPublicIp?: boolean;
  /** With `private-api`: route tables of your subnets, which get gateways to DynamoDB and S3. Default: none. */
  routeTableIds?: pulumi.Input<pulumi.Input<string>[]>;
  /** With `private-api`: services that get an interface endpoint, by the hour and subnet. Default: all four. */
  endpoints?: PrivateService[];
}

export interface Ingress {
  kind: IngressKind;
  /** With `private-api`: an interface endpoint for `execute-api` in your VPC. Default: one is made. */
  vpcEndpointId?: pulumi.Input<string>;
  /** With `private-api`: who reaches the endpoint that is made. Default: the addresses of the VPC. */
  allowedCidrs?: string[];
}

export interface Images {
  /** Whether images are baked. Default: true. */
  bake?: boolean;
  /** When, as Image Builder has it: `cron(…)`, in UTC. */
  schedule?: string;
  /** What they are baked on. */
  instanceType?: BakeTypes;
}

/** One instance type for each architecture. */
export interface BakeTypes {
  x64?: string;
  arm64?: string;
}

export interface Alarms {
  /** Gets a mail for each alarm. */
  email?: string;
  /** ARN of an SNS topic of yours. */
  topicArn?: pulumi.Input<string>;
}

export interface Budget {
  /** US dollars a month. From 1. */
  monthlyUsd: number;
  /** Gets the mails. */
  email: string;
}
