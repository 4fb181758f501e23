/** What wakes the fleet besides its queue: the clock, and EC2 when it takes a machine back. */
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { Tags } from "./tags";

export interface LifecycleArgs {
  readonly fleet: string;
  readonly sweep: aws.lambda.Function;
  readonly events: aws.lambda.Function;
  readonly sweepIntervalMs: number;
  readonly tags: Tags;
}

const minuteMs = 60_000;

/** Emitted on a best-effort basis, for every machine of the account: the function drops what is not ours. */
const machineEvents = {
  interruption: { "detail-type": ["EC2 Spot Instance Interruption Warning"] },
  rebalance: { "detail-type": ["EC2 Instance Rebalance Recommendation"] },
  state: {
    "detail-type": ["EC2 Instance State-change Notification"],
    // What starts reports by itself.
    detail: { state: ["shutting-down", "terminated"] },
  },
} as const;

export class Lifecycle extends pulumi.ComponentResource {
  constructor(name: string, args: LifecycleArgs, opts?: pulumi.ComponentResourceOptions) {
    super("onejob:index:Lifecycle", name, {}, opts);
    for (const [event, pattern] of Object.entries(machineEvents)) {
      hearOfMachines(`${name}-${event}`, { pattern: { source: ["aws.ec2"], ...pattern }, args }, this);
    }
    sweepByClock(`${name}-sweep`, args, this);
    this.registerOutputs({});
  }
}

function hearOfMachines(
  name: string,
  { pattern, args }: { readonly pattern: object; readonly args: LifecycleArgs },
  parent: Lifecycle,
): void {
  const rule = new aws.cloudwatch.EventRule(
    name,
    { eventPattern: JSON.stringify(pattern), tags: args.tags },
    { parent },
  );
  new aws.cloudwatch.EventTarget(name, { rule: rule.name, arn: args.events.arn }, { parent });
  new aws.lambda.Permission(
    name,
    {
      function: args.events.name,
      action: "lambda:InvokeFunction",
      principal: "events.amazonaws.com",
      sourceArn: rule.arn,
    },
    { parent },
  );
}

function sweepByClock(name: string, args: LifecycleArgs, parent: Lifecycle): void {
  const { fleet, sweep, sweepIntervalMs, tags } = args;
  // Schedules have no tags; their group has.
  const group = new aws.scheduler.ScheduleGroup(name, { name: `onejob-${fleet}`, tags }, { parent });
  const role = new aws.iam.Role(
    name,
    {
      description: `onejob ${fleet}: the schedule of the sweep`,
      assumeRolePolicy: aws.iam.assumeRolePolicyForPrincipal({ Service: "scheduler.amazonaws.com" }),
      tags,
    },
    { parent },
  );
  const policy = new aws.iam.RolePolicy(
    name,
    {
      role: role.name,
      policy: pulumi.jsonStringify({
        Version: "2012-10-17",
        Statement: [{ Sid: "Sweep", Effect: "Allow", Action: ["lambda:InvokeFunction"], Resource: [sweep.arn] }],
      }),
    },
    { parent },
  );
  // One that failed is not tried again: the next comes in a minute, and two at once would only stand in each other's way.
  new aws.lambda.FunctionEventInvokeConfig(
    name,
    { functionName: sweep.name, maximumRetryAttempts: 0, maximumEventAgeInSeconds: minuteMs / 1_000 },
    { parent },
  );
  const minutes = sweepIntervalMs / minuteMs;
  new aws.scheduler.Schedule(
    name,
    {
      groupName: group.name,
      description: `onejob ${fleet}: finds what is overdue`,
      scheduleExpression: `rate(${minutes} minute${minutes === 1 ? "" : "s"})`,
      flexibleTimeWindow: { mode: "OFF" },
      // The next one comes soon enough.
      target: { arn: sweep.arn, roleArn: role.arn, retryPolicy: { maximumRetryAttempts: 0 } },
    },
    { parent, dependsOn: [policy] },
  );
}
