/** A fleet of runners on AWS: what users construct. It checks its arguments and wires its parts; the parts decide. */
import * as pulumi from "@pulumi/pulumi";
import type { FleetFacts } from "../runtime/core/fleet-facts";
import { alarmTopicOf } from "./alarm-topic";
import { findBundles } from "./bundles";
import type { Bundles } from "./bundles";
import { LaunchTemplates, MachineRoles, rolePath, templateName } from "./compute/ec2";
import { idleCost } from "./cost";
import type { IdleCost } from "./cost";
import type { RunnerFleetArgs } from "./fleet-args";
import { idleChoices, namedRoles, objectDays, ownPointers, systemsOf } from "./fleet-choices";
import { FleetParameter } from "./fleet-parameter";
import { checkFleet } from "./fleet-problems";
import type { CheckedFleet } from "./fleet-problems";
import type { FleetResources } from "./fleet-resources";
import { secretParameters, secretsToFill } from "./fleet-secrets";
import { nextStep, warnOfCost, webhookUrlsOf } from "./fleet-words";
import { functionShapes } from "./function-names";
import { Functions } from "./functions";
import { reportFailedImages } from "./image-failures";
import { Images } from "./images";
import { Ingress } from "./ingress";
import type { IngressFailures } from "./ingress-routes";
import { Ledger } from "./ledger";
import { Lifecycle } from "./lifecycle";
import { Network } from "./network";
import { Observability } from "./observability";
import { placeOf } from "./place";
import type { Place } from "./place";
import { createPrivateWay } from "./private-way";
import { Queue } from "./queue";
import { Settings } from "./settings";
import { Storage } from "./storage";
import { fleetTags } from "./tags";
import type { Tags } from "./tags";

/**
 * Runners that do one job and disappear, in your own account.
 *
 * *Cost.* At most 1 USD a month while idle, at list price and without images; `idleCost` itemises it. Nothing bills by
 * the hour unless a setting says so, and then the preview warns with its price.
 *
 * *Security.* Machines have a role that may do nothing, no way in, and no secret on them but the right to be one runner.
 * Secrets are never part of the program: the CLI puts them into SSM, and `secretsToFill` lists them.
 */
export class RunnerFleet extends pulumi.ComponentResource {
  readonly fleetName: string;
  /** By source: what to enter as the webhook's address at the forge. */
  readonly webhookUrls: pulumi.Output<Readonly<Record<string, string>>>;
  /** For the console, and clients that sign with SigV4; `onejob --fleet` finds it by itself. */
  readonly apiUrl: pulumi.Output<string>;
  readonly agentUrl: pulumi.Output<string>;
  /** SSM parameters that do not exist before somebody makes them. */
  readonly secretsToFill: readonly string[];
  /** What to do now: a command. */
  readonly nextStep: string;
  readonly idleCost: IdleCost;
  /** To bake images at once, as before the first job; none where none are baked. */
  readonly pipelineArns: pulumi.Output<string[]>;
  readonly tableName: pulumi.Output<string>;
  readonly queueUrl: pulumi.Output<string>;
  readonly deadLetterQueueUrl: pulumi.Output<string>;
  readonly bucketName: pulumi.Output<string>;
  readonly securityGroupId: pulumi.Output<string>;
  readonly vpcId: pulumi.Output<string>;
  readonly subnetIds: pulumi.Output<string[]>;

  /** Throws `FleetArgsError` with everything that is wrong, before anything is made. */
  constructor(name: string, args: RunnerFleetArgs, opts?: pulumi.ComponentResourceOptions) {
    const checked = checkFleet(args, { component: name, stack: pulumi.getStack() });
    const bundles = findBundles();
    super("onejob:index:RunnerFleet", name, {}, opts);
    const { fleet } = checked;
    const parts: Parts = {
      ...{ name, args, checked, parent: this },
      place: placeOf(this),
      tags: fleetTags(fleet, args.tags),
      topicArn: alarmTopicOf(name, { args, fleet }, this),
    };
    const stores = createStores(parts, bundles);
    const machines = createMachines(parts);
    const facts = factsOf(parts, { stores, machines });
    const functions = createFunctions(parts, { bundles, facts, stores, machines });
    createSettings(parts, functions);
    const ingress = createIngress(parts, { functions, machines });
    createTemplates(parts, { machines, agentUrl: ingress.agentUrl, agentSha256: bundles.agent.sha256 });
    createWatch(parts, { functions, machines, queue: stores.queue, ingressFailures: ingress.failures });

    this.fleetName = fleet;
    this.webhookUrls = webhookUrlsOf(checked, ingress);
    this.apiUrl = ingress.apiUrl;
    this.agentUrl = ingress.agentUrl;
    this.secretsToFill = secretsToFill(fleet, secretParameters(checked.settings));
    this.nextStep = nextStep(fleet, this.secretsToFill);
    this.idleCost = idleCost(idleChoices(args, checked.settings));
    this.pipelineArns = pulumi.all(Object.values(machines.images.pipelineArns));
    this.tableName = stores.ledger.tableName;
    this.queueUrl = stores.queue.url;
    this.deadLetterQueueUrl = stores.queue.deadLetterUrl;
    this.bucketName = stores.storage.bucketName;
    this.securityGroupId = machines.network.securityGroupId;
    this.vpcId = machines.network.vpcId;
    this.subnetIds = machines.network.subnetIds;
    const urls = { webhooks: this.webhookUrls, agent: this.agentUrl, api: this.apiUrl, dead: this.deadLetterQueueUrl };
    new FleetParameter(
      `${name}-facts`,
      { fleet, facts, urls, secretsToFill: this.secretsToFill, tags: parts.tags },
      { parent: this },
    );
    warnOfCost(this.idleCost, this);
    this.registerOutputs({ fleetName: fleet, webhookUrls: this.webhookUrls, apiUrl: this.apiUrl });
  }
}

interface Parts {
  readonly name: string;
  readonly args: RunnerFleetArgs;
  readonly checked: CheckedFleet;
  readonly place: Place;
  readonly tags: Tags;
  readonly topicArn: pulumi.Input<string> | undefined;
  readonly parent: RunnerFleet;
}

type Stores = ReturnType<typeof createStores>;
type Machines = ReturnType<typeof createMachines>;

function createStores({ name, args, checked, tags, parent }: Parts, { agent }: Bundles) {
  const { fleet, settings } = checked;
  const protect = args.protect ?? false;
  const own = { parent };
  return {
    ledger: new Ledger(`${name}-ledger`, { protect, tags }, own),
    queue: new Queue(`${name}-queue`, { workTimeoutSeconds: functionShapes.work.timeoutSeconds, tags }, own),
    storage: new Storage(`${name}-storage`, { fleet, agent, expireDays: objectDays(settings), protect, tags }, own),
  };
}

/** After the functions: what new settings speak of has to be among their facts. */
function createSettings({ name, checked: { documents }, tags, parent }: Parts, { byName }: Functions): void {
  new Settings(`${name}-settings`, { documents, tags, after: Object.values(byName) }, { parent });
}

function createMachines({ name, args, checked, place, tags, parent }: Parts) {
  const { fleet, settings } = checked;
  const own = { parent };
  const network = new Network(`${name}-network`, { fleet, network: args.network ?? {}, place, tags }, own);
  const roles = new MachineRoles(`${name}-machines`, { fleet, profiles: settings.profiles, tags }, own);
  const { bake = true, schedule = "cron(0 4 ? * sun *)", instanceType } = args.images ?? {};
  const images = new Images(
    `${name}-images`,
    {
      ...{ fleet, bake, schedule, tags, systems: systemsOf(settings), securityGroupId: network.securityGroupId },
      subnetId: network.subnetIds.apply(([first = ""]) => first),
      ...(instanceType === undefined ? {} : { instanceType }),
    },
    own,
  );
  return { network, roles, images };
}

/** Names only: it is in the functions' archives, for whoever may read those. */
function factsOf(
  { checked, place }: Parts,
  { stores, machines }: { readonly stores: Stores; readonly machines: Machines },
): pulumi.Output<FleetFacts> {
  const { fleet, settings } = checked;
  const { network, roles } = machines;
  const known = settings.profiles.map(({ name: profile }) => {
    const facts = { launchTemplate: templateName(fleet, profile), subnets: network.subnetIds };
    return [profile, { ...facts, roleId: roles.roleIds[profile] ?? "" }] as const;
  });
  return pulumi.output({
    fleet,
    table: stores.ledger.tableName,
    queueUrl: stores.queue.url,
    bucket: stores.storage.bucketName,
    settingsPath: checked.documents.path,
    accountId: place.accountId,
    machines: Object.fromEntries(known),
  });
}

function resourcesOf(
  { checked, place }: Parts,
  { stores, machines }: { readonly stores: Stores; readonly machines: Machines },
): pulumi.Output<FleetResources> {
  const { fleet, settings } = checked;
  const { network, images } = machines;
  return pulumi.output({
    fleet,
    ...place,
    tableArn: stores.ledger.tableArn,
    queueArn: stores.queue.arn,
    bucketArn: stores.storage.bucketArn,
    settingsPath: checked.documents.path,
    ...secretParameters(settings),
    imagePointers: [...Object.values(images.pointers), ...ownPointers(settings)],
    subnetIds: network.subnetIds,
    securityGroupId: network.securityGroupId,
    machineRoleArns: machineRoleArns(checked, place),
  });
}

/** Ours by their path: a hundred profiles would not fit into a policy. */
function machineRoleArns({ fleet, settings }: CheckedFleet, { partition, accountId }: Place): pulumi.Input<string>[] {
  const ours = settings.profiles.some(({ compute }) => compute.kind === "ec2" && compute.role === null);
  const pattern = pulumi.interpolate`arn:${partition}:iam::${accountId}:role${rolePath(fleet)}*`;
  return [...(ours ? [pattern] : []), ...namedRoles(settings)];
}

interface FunctionParts {
  readonly bundles: Bundles;
  readonly facts: pulumi.Output<FleetFacts>;
  readonly stores: Stores;
  readonly machines: Machines;
}

function createFunctions(parts: Parts, { bundles, facts, stores, machines }: FunctionParts): Functions {
  const { name, args, tags, parent } = parts;
  const { fleet } = parts.checked;
  return new Functions(
    `${name}-functions`,
    {
      ...{ fleet, bundles, facts, tags, queueArn: stores.queue.arn },
      resources: resourcesOf(parts, { stores, machines }),
      logRetentionDays: args.logRetentionDays ?? 14,
      reservedConcurrency: args.reservedConcurrency,
      vpc: createPrivateWay(`${name}-way`, { ...parts, fleet, network: machines.network }),
    },
    { parent },
  );
}

function createIngress(
  { name, args, checked, place, tags, parent }: Parts,
  { functions, machines: { network } }: { readonly functions: Functions; readonly machines: Machines },
): Ingress {
  const { vpcId, subnetIds } = network;
  const ingress = args.ingress ?? { kind: "function-url" };
  const parts = { fleet: checked.fleet, ingress, functions: functions.byName, place, vpcId, subnetIds, tags };
  return new Ingress(`${name}-ingress`, parts, { parent });
}

/** Last: they name the address of a function that has to exist before. */
function createTemplates(
  { name, args, checked: { fleet, settings }, tags, parent }: Parts,
  parts: { readonly machines: Machines; readonly agentUrl: pulumi.Output<string>; readonly agentSha256: string },
): void {
  const { network, roles, images } = parts.machines;
  new LaunchTemplates(
    `${name}-templates`,
    {
      ...{ fleet, tags, profiles: settings.profiles, instanceProfiles: roles.instanceProfiles },
      ...{ securityGroupId: network.securityGroupId, agentUrl: parts.agentUrl, agentSha256: parts.agentSha256 },
      pointers: images.pointers,
      assignPublicIp: args.network?.assignPublicIp ?? true,
    },
    { parent },
  );
}

interface Watched {
  readonly functions: Functions;
  readonly machines: Machines;
  readonly queue: Queue;
  readonly ingressFailures: IngressFailures;
}

function createWatch(
  { name, args, checked: { fleet, settings }, place, tags, topicArn, parent }: Parts,
  { functions, machines: { images }, queue, ingressFailures }: Watched,
): void {
  const { sweep, events } = functions.byName;
  reportFailedImages(`${name}-images-failed`, { images, topicArn, events, place, tags });
  const sweepIntervalMs = settings.sweep.intervalMs;
  new Lifecycle(`${name}-lifecycle`, { fleet, sweep, events, sweepIntervalMs, tags }, { parent });
  new Observability(
    `${name}-watch`,
    {
      ...{ fleet, functions, queue, ingressFailures, topicArn, sweepIntervalMs, place, tags },
      dashboard: args.dashboard ?? false,
      budget: args.budget,
    },
    { parent },
  );
}
