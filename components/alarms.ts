/** Five alarms, one for each way in which jobs could wait without anybody noticing. Each says what to do. */
import * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";
import type { Functions } from "./functions";
import type { Queue } from "./queue";
import type { Tags } from "./tags";

export interface AlarmParts {
  readonly fleet: string;
  readonly functions: Functions;
  readonly queue: Queue;
  readonly topicArn: pulumi.Input<string> | undefined;
  readonly sweepIntervalMs: number;
  readonly tags: Tags;
}

type Alarm = Pick<
  aws.cloudwatch.MetricAlarmArgs,
  "namespace" | "metricName" | "dimensions" | "statistic" | "period" | "evaluationPeriods" | "threshold"
> & { readonly says: string; readonly silent?: boolean };

const minute = 60;
/** So many sweeps may fail to appear before somebody is told. */
const missedSweeps = 10;

/** What each costs stands in `prices.ts`. */
export const alarmNames = ["dead-letters", "old-message", "work-fails", "webhook-fails", "sweep-silent"] as const;

type AlarmName = (typeof alarmNames)[number];

export function createAlarms(name: string, parts: AlarmParts, parent: pulumi.Resource): void {
  const { fleet, topicArn, tags } = parts;
  const alarms = alarmsOf(parts);
  const actions = topicArn === undefined ? [] : [topicArn];
  for (const key of alarmNames) {
    const { says, silent, ...metric } = alarms[key];
    new aws.cloudwatch.MetricAlarm(
      `${name}-${key}`,
      {
        ...metric,
        alarmDescription: `onejob ${fleet}: ${says}`,
        comparisonOperator: silent ? "LessThanThreshold" : "GreaterThanThreshold",
        // Nothing said is bad news of the sweep alone: a fleet without jobs has no other metrics.
        treatMissingData: silent ? "breaching" : "notBreaching",
        alarmActions: actions,
        okActions: actions,
        tags,
      },
      { parent },
    );
  }
}

function alarmsOf({ fleet, functions, queue, sweepIntervalMs }: AlarmParts): Readonly<Record<AlarmName, Alarm>> {
  const often = { period: 5 * minute, evaluationPeriods: 1 };
  const ofQueue = { namespace: "AWS/SQS", statistic: "Maximum", ...often };
  const ofFunction = (role: "work" | "webhook" | "sweep") => ({
    namespace: "AWS/Lambda",
    statistic: "Sum",
    dimensions: { FunctionName: functions.byName[role].name },
  });
  const logsOf = (role: string) => `its log group is /onejob/${fleet}/${role}`;
  return {
    "dead-letters": {
      ...ofQueue,
      metricName: "ApproximateNumberOfMessagesVisible",
      dimensions: { QueueName: queue.deadLetterName },
      threshold: 0,
      says: `a message failed five times; ${logsOf("work")}. Mend the cause, then redrive the dead-letter queue`,
    },
    "old-message": {
      ...ofQueue,
      metricName: "ApproximateAgeOfOldestMessage",
      dimensions: { QueueName: queue.name },
      threshold: 5 * minute,
      says: `nobody works on the queue, or too slowly; ${logsOf("work")}`,
    },
    "work-fails": {
      ...{ ...ofFunction("work"), ...often, metricName: "Errors", threshold: 2 },
      says: `the function work fails time and again; ${logsOf("work")}`,
    },
    "webhook-fails": {
      ...{ ...ofFunction("webhook"), ...often, metricName: "Errors", threshold: 2 },
      says: `webhooks are not taken; ${logsOf("webhook")}. The sweep asks the forge for what was lost`,
    },
    "sweep-silent": {
      ...{ ...ofFunction("sweep"), metricName: "Invocations", threshold: 1, silent: true, evaluationPeriods: 1 },
      // CloudWatch looks back a day at most.
      period: Math.min(86_400, Math.max(10 * minute, (missedSweeps * sweepIntervalMs) / 1_000)),
      says: `nothing overdue is found any more; is the schedule group onejob-${fleet} switched off?`,
    },
  };
}
