/** The six functions of a fleet: each with its own bundle, role, policy and log group. */
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { FleetFacts } from "../runtime/core/fleet-facts";
import { batchesAtOnce } from "../runtime/core/fleet-facts";
import type { Bundles } from "./bundles";
import { functionNames, functionShapes } from "./function-names";
import type { FunctionName, FunctionShape } from "./function-names";
import type { Handler } from "./inline-function";
import { InlineFunction } from "./inline-function";
import { policyOf } from "./permissions";
import type { FleetResources } from "./permissions";
import type { Tags } from "./tags";

export interface FunctionsArgs {
  readonly fleet: string;
  readonly bundles: Bundles;
  /** What the callbacks capture. */
  readonly facts: pulumi.Output<FleetFacts>;
  /** What the policies name. */
  readonly resources: pulumi.Output<FleetResources>;
  readonly queueArn: pulumi.Input<string>;
  readonly logRetentionDays: number;
  readonly reservedConcurrency: number | undefined;
  /**
   * Where those stand that call a forge which only a VPC leads to. The others stay outside: webhooks come through API
   * Gateway, and what takes them speaks with SSM and SQS alone.
   */
  readonly vpc?: FunctionsVpc | undefined;
  readonly tags: Tags;
}

export interface FunctionsVpc {
  readonly subnetIds: pulumi.Input<string[]>;
  readonly securityGroupId: pulumi.Input<string>;
}

const batchSize = 10;

type PerFunction<T> = Readonly<Record<FunctionName, T>>;

export class Functions extends pulumi.ComponentResource {
  readonly byName: PerFunction<aws.lambda.Function>;
  readonly logGroups: PerFunction<aws.cloudwatch.LogGroup>;

  constructor(name: string, args: FunctionsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("onejob:index:Functions", name, {}, opts);
    const factories = callbackFactories(args.facts);
    const made = perFunction((role) => createFunction({ name, role, factory: factories[role] }, args, this));
    this.byName = perFunction((role) => made[role].lambda);
    this.logGroups = perFunction((role) => made[role].logGroup);
    new aws.lambda.EventSourceMapping(
      `${name}-work`,
      {
        functionName: made.work.lambda.arn,
        eventSourceArn: args.queueArn,
        batchSize,
        maximumBatchingWindowInSeconds: 0,
        functionResponseTypes: ["ReportBatchItemFailures"],
        scalingConfig: { maximumConcurrency: batchesAtOnce },
        tags: args.tags,
      },
      // Lambda tries at once whether the role may read the queue.
      { parent: this, dependsOn: [made.work.policy] },
    );
    this.registerOutputs({});
  }
}

/** What is in `runtime.js` of each archive: that function's own bundle, and so one of these. */
type Runtime = { readonly [Name in FunctionName as `create${Capitalize<Name>}`]: (facts: FleetFacts) => Handler };
declare const require: (bundle: "./runtime") => Runtime;

/** Serialized into the archives: only what stands between the braces runs on Lambda. */
function callbackFactories(facts: pulumi.Output<FleetFacts>): PerFunction<() => Handler> {
  return {
    webhook: () => {
      const { createWebhook } = require("./runtime");
      return createWebhook(facts.get());
    },
    agent: () => {
      const { createAgent } = require("./runtime");
      return createAgent(facts.get());
    },
    api: () => {
      const { createApi } = require("./runtime");
      return createApi(facts.get());
    },
    work: () => {
      const { createWork } = require("./runtime");
      return createWork(facts.get());
    },
    sweep: () => {
      const { createSweep } = require("./runtime");
      return createSweep(facts.get());
    },
    events: () => {
      const { createEvents } = require("./runtime");
      return createEvents(facts.get());
    },
  };
}

function perFunction<T>(make: (role: FunctionName) => T): PerFunction<T> {
  return Object.fromEntries(functionNames.map((role) => [role, make(role)])) as Record<FunctionName, T>;
}

interface Wanted {
  readonly name: string;
  readonly role: FunctionName;
  readonly factory: () => Handler;
}

function createFunction({ name, role: own, factory }: Wanted, args: FunctionsArgs, parent: Functions) {
  const child = `${name}-${own}`;
  const { bundles, tags } = args;
  const shape: FunctionShape = functionShapes[own];
  const { logGroup, role, policy } = createSurroundings(child, { own, args }, parent);
  const lambda = new InlineFunction(
    child,
    {
      callbackFactory: factory,
      bundle: bundles.functions[own],
      // Machines without our image fetch the agent from here.
      files: own === "agent" ? { "agent.js": bundles.agent.path } : {},
      description: `onejob ${args.fleet}: ${shape.description}`,
      role: role.arn,
      memorySize: shape.memoryMiB,
      timeout: shape.timeoutSeconds,
      loggingConfig: {
        logFormat: "JSON",
        logGroup: logGroup.name,
        applicationLogLevel: "INFO",
        // Not a line for each run that went well: the sweep runs each minute.
        systemLogLevel: "WARN",
      },
      ...(shape.open && args.reservedConcurrency !== undefined
        ? { reservedConcurrentExecutions: args.reservedConcurrency }
        : {}),
      ...vpcConfigOf(shape, args),
      tags,
    },
    // Lambda tries at once whether the role may make its network interfaces.
    { parent, dependsOn: [policy] },
  );
  return { lambda, logGroup, policy };
}

function vpcConfigOf(
  { callsForge }: FunctionShape,
  { vpc }: FunctionsArgs,
): Pick<aws.lambda.FunctionArgs, "vpcConfig"> {
  if (callsForge === undefined || vpc === undefined) return {};
  return { vpcConfig: { subnetIds: vpc.subnetIds, securityGroupIds: [vpc.securityGroupId] } };
}

/** The log group first: one that Lambda makes by itself is kept for ever, and outlives the fleet. */
function createSurroundings(
  child: string,
  { own, args }: { readonly own: FunctionName; readonly args: FunctionsArgs },
  parent: Functions,
) {
  const { fleet, resources, logRetentionDays, vpc, tags } = args;
  const { callsForge }: FunctionShape = functionShapes[own];
  const inVpc = vpc !== undefined && callsForge === true;
  const logGroup = new aws.cloudwatch.LogGroup(
    child,
    { name: `/onejob/${fleet}/${own}`, retentionInDays: logRetentionDays, tags },
    { parent },
  );
  const role = new aws.iam.Role(
    child,
    {
      description: `onejob ${fleet}: function ${own}`,
      assumeRolePolicy: aws.iam.assumeRolePolicyForPrincipal({ Service: "lambda.amazonaws.com" }),
      tags,
    },
    { parent },
  );
  const document = pulumi
    .all([resources, logGroup.arn])
    .apply(([fleetResources, logGroupArn]) => JSON.stringify(policyOf(own, { ...fleetResources, logGroupArn, inVpc })));
  const policy = new aws.iam.RolePolicy(child, { role: role.name, policy: document }, { parent });
  return { logGroup, role, policy };
}
