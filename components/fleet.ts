/** A fleet of runners on AWS: what users construct. It checks its arguments and wires its parts; the parts decide. */
import * as pulumi from "@pulumi/pulumi";
import type { FleetFacts } from "../runtime/core/fleet-facts";
import { AlarmTopic } from "./alarm-topic";
import { findBundles } from "./bundles";
import { LaunchTemplates, MachineRoles, templateName } from "./compute/ec2";
import { costWarning, idleCost } from "./cost";
import type { IdleCost } from "./cost";
import type { RunnerFleetArgs } from "./fleet-args";
import { idleChoices, objectDays, ownPointers, systemsOf } from "./fleet-choices";
import { FleetParameter } from "./fleet-parameter";
import { checkFleet } from "./fleet-problems";
import type { CheckedFleet } from "./fleet-problems";
import type { FleetResources } from "./fleet-resources";
import { secretParameters, secretsToFill } from "./fleet-secrets";
import { functionShapes } from "./function-names";
import { Functions } from "./functions";
import { Images } from "./images";
import { Ingress } from "./ingress";
import { Ledger } from "./ledger";
import { Lifecycle } from "./lifecycle";
import { Network } from "./network";
import { Observability } from "./observability";
import { placeOf } from "./place";
import type { Place } from "./place";
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
  /** For `onejob --url`. */
  readonly apiUrl: pulumi.Output<string>;
  readonly agentUrl: pulumi.Output<string>;
  /** SSM parameters that do not exist before somebody makes them. */
  readonly secretsToFill: readonly string[];
  /** What to do now, in one line. */
  readonly nextStep: string;
  readonly idleCost: IdleCost;
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
    const stores = createStores(parts);
    const machines = createMachines(parts);
    const facts = factsOf(parts, { stores, machines });
    const functions = new Functions(
      `${name}-functions`,
      {
        ...{ fleet, bundles, facts, tags: parts.tags, queueArn: stores.queue.arn },
        resources: resourcesOf(parts, { stores, machines }),
        logRetentionDays: args.logRetentionDays ?? 14,
        reservedConcurrency: args.reservedConcurrency,
      },
      { parent: this },
    );
    const ingress = createIngress(parts, { functions, machines });
    createTemplates(parts, { machines, agentUrl: ingress.agentUrl, agentSha256: bundles.agent.sha256 });
    createWatch(parts, { functions, queue: stores.queue });

    this.fleetName = fleet;
    this.webhookUrls = webhookUrlsOf(checked, ingress);
    this.apiUrl = ingress.apiUrl;
    this.agentUrl = ingress.agentUrl;
    this.secretsToFill = secretsToFill(fleet, secretParameters(checked.settings));
    this.nextStep = nextStep(fleet, this.secretsToFill);
    this.idleCost = idleCost(idleChoices(args, checked.settings));
    this.tableName = stores.ledger.tableName;
    this.queueUrl = stores.queue.url;
    this.deadLetterQueueUrl = stores.queue.deadLetterUrl;
    this.bucketName = stores.storage.bucketName;
    this.securityGroupId = machines.network.securityGroupId;
    this.vpcId = machines.network.vpcId;
    this.subnetIds = machines.network.subnetIds;
    const urls = { webhooks: this.webhookUrls, agent: this.agentUrl, api: this.apiUrl };
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

function createStores({ name, args, checked, tags, parent }: Parts) {
  const { fleet, settings, documents } = checked;
  const protect = args.protect ?? false;
  const own = { parent };
  return {
    ledger: new Ledger(`${name}-ledger`, { protect, tags }, own),
    queue: new Queue(`${name}-queue`, { workTimeoutSeconds: functionShapes.work.timeoutSeconds, tags }, own),
    storage: new Storage(`${name}-storage`, { fleet, expireDays: objectDays(settings), protect, tags }, own),
    settings: new Settings(`${name}-settings`, { documents, tags }, own),
  };
}

function createMachines({ name, args, checked, place, tags, topicArn, parent }: Parts) {
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
      ...(topicArn === undefined ? {} : { alarmTopicArn: topicArn }),
    },
    own,
  );
  return { network, roles, images };
}

/** Names only: it is in the functions' archives, for whoever may read those. */
function factsOf(
  { checked: { fleet, settings }, place }: Parts,
  { stores, machines }: { readonly stores: Stores; readonly machines: Machines },
): pulumi.Output<FleetFacts> {
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
    settingsPath: stores.settings.path,
    accountId: place.accountId,
    machines: Object.fromEntries(known),
  });
}

function resourcesOf(
  { checked: { fleet, settings }, place }: Parts,
  { stores, machines }: { readonly stores: Stores; readonly machines: Machines },
): pulumi.Output<FleetResources> {
  const { network, roles, images } = machines;
  return pulumi.output({
    fleet,
    ...place,
    tableArn: stores.ledger.tableArn,
    queueArn: stores.queue.arn,
    bucketArn: stores.storage.bucketArn,
    settingsPath: stores.settings.path,
    ...secretParameters(settings),
    imagePointers: [...Object.values(images.pointers), ...ownPointers(settings)],
    subnetIds: network.subnetIds,
    securityGroupId: network.securityGroupId,
    machineRoleArns: [...roles.roleArns],
  });
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

function createWatch(
  { name, args, checked: { fleet, settings }, place, tags, topicArn, parent }: Parts,
  { functions, queue }: { readonly functions: Functions; readonly queue: Queue },
): void {
  const { sweep, events } = functions.byName;
  const sweepIntervalMs = settings.sweep.intervalMs;
  new Lifecycle(`${name}-lifecycle`, { fleet, sweep, events, sweepIntervalMs, tags }, { parent });
  new Observability(
    `${name}-watch`,
    {
      ...{ fleet, functions, queue, topicArn, sweepIntervalMs, place, tags },
      dashboard: args.dashboard ?? false,
      budget: args.budget,
    },
    { parent },
  );
}

function alarmTopicOf(
  name: string,
  { args, fleet }: { readonly args: RunnerFleetArgs; readonly fleet: string },
  parent: RunnerFleet,
): pulumi.Input<string> | undefined {
  const { email, topicArn } = args.alarms ?? {};
  if (email === undefined) return topicArn;
  const place = placeOf(parent);
  return new AlarmTopic(`${name}-alarms`, { fleet, email, place, tags: fleetTags(fleet, args.tags) }, { parent }).arn;
}

function webhookUrlsOf({ settings }: CheckedFleet, { webhookUrl }: Ingress): RunnerFleet["webhookUrls"] {
  const names = settings.sources.flatMap(({ name, kind }) => (kind === "github" ? [name] : []));
  return webhookUrl.apply((url) => Object.fromEntries(names.map((source) => [source, `${url}/webhooks/${source}`])));
}

function nextStep(fleet: string, secrets: readonly string[]): string {
  if (secrets.length === 0) return `onejob doctor --fleet ${fleet}`;
  return `onejob secrets set --fleet ${fleet}, then enter the address in webhookUrls at the forge`;
}

function warnOfCost(cost: IdleCost, fleet: RunnerFleet): void {
  const warning = costWarning(cost);
  // Said to whoever previews, not written to our log: what it costs belongs into the sentence.
  const { log: engine } = pulumi;
  if (warning !== undefined) void engine.warn(warning, fleet);
}
