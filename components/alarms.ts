/** Five alarms, one for each way in which jobs could wait without anybody noticing. Each says what to do. */
import * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";
import type { Functions } from "./functions";
import type { IngressFailures } from "./ingress-routes";
import { maxReceives } from "./queue";
import type { Queue } from "./queue";
import type { Tags } from "./tags";

export interface AlarmParts {
  readonly fleet: string;
  readonly functions: Functions;
  readonly queue: Queue;
  /** What counts the webhooks that were not taken. */
  readonly ingressFailures: IngressFailures;
  readonly topicArn: pulumi.Input<string> | undefined;
  readonly sweepIntervalMs: number;
  readonly tags: Tags;
}

type Alarm = Pick<
  aws.cloudwatch.MetricAlarmArgs,
  "namespace" | "metricName" | "dimensions" | "statistic" | "period" | "evaluationPeriods" | "threshold"
> & { readonly says: string; readonly always?: boolean };

const minute = 60;
/** So many sweeps may fail, or fail to appear, before somebody is told. */
const missedSweeps = 10;

/** What each costs stands in `prices.ts`. */
export const alarmNames = ["dead-letters", "old-message", "work-fails", "webhook-fails", "sweep-silent"] as const;

type AlarmName = (typeof alarmNames)[number];

export function createAlarms(name: string, parts: AlarmParts, parent: pulumi.Resource): void {
  const { fleet, topicArn, tags } = parts;
  const alarms = alarmsOf(parts);
  const actions = topicArn === undefined ? [] : [topicArn];
  for (const key of alarmNames) {
    const { says, always, ...metric } = alarms[key];
    new aws.cloudwatch.MetricAlarm(
      `${name}-${key}`,
      {
        ...metric,
        alarmDescription: `onejob ${fleet}: ${says}`,
        comparisonOperator: "GreaterThanThreshold",
        // Nothing said is bad news of the sweep alone: a fleet without jobs has no other metrics.
        treatMissingData: always ? "breaching" : "notBreaching",
        alarmActions: actions,
        okActions: actions,
        tags,
      },
      { parent },
    );
  }
}

function alarmsOf({
  fleet,
  functions,
  queue,
  ingressFailures,
  sweepIntervalMs,
}: AlarmParts): Readonly<Record<AlarmName, Alarm>> {
  const often = { period: 5 * minute, evaluationPeriods: 1 };
  const ofQueue = { namespace: "AWS/SQS", statistic: "Maximum", ...often };
  const ofFunction = (role: "work" | "sweep") => ({
    namespace: "AWS/Lambda",
    metricName: "Errors",
    dimensions: { FunctionName: functions.byName[role].name },
  });
  const logsOf = (role: string) => `its log group is /onejob/${fleet}/${role}`;
  return {
    "dead-letters": {
      ...ofQueue,
      metricName: "ApproximateNumberOfMessagesVisible",
      dimensions: { QueueName: queue.deadLetterName },
      threshold: 0,
      says: `a message failed ${maxReceives} times; ${logsOf("work")}. Mend the cause, then \`onejob dead-letters replay --all --fleet ${fleet}\``,
    },
    "old-message": {
      ...ofQueue,
      metricName: "ApproximateAgeOfOldestMessage",
      dimensions: { QueueName: queue.name },
      threshold: 5 * minute,
      says: `nobody works on the queue, or too slowly; ${logsOf("work")}`,
    },
    "work-fails": {
      // A message that fails is no error of the function, which answers for each: it comes again, grows old and ends
      // among the dead letters. These are functions that do not start or do not end.
      ...{ ...ofFunction("work"), ...often, statistic: "Sum", threshold: 2 },
      says: `the function work does not start, or is cut off by its time-out, time and again; ${logsOf("work")}`,
    },
    "webhook-fails": {
      // The function answers 503 where it cannot store one, and that is no error of Lambda's: only the door counts it.
      ...{ ...ingressFailures, ...often, statistic: "Sum", threshold: 2 },
      says: `requests are answered 5xx, so webhooks are not taken; ${logsOf("webhook")}. The sweep asks the forge for what was lost`,
    },
    "sweep-silent": {
      // Each run that went well says 0: the least is above that when all of them failed, and missing when none ran.
      ...{ ...ofFunction("sweep"), statistic: "Minimum", threshold: 0, always: true, evaluationPeriods: 1 },
      // CloudWatch looks back a day at most.
      period: Math.min(86_400, Math.max(10 * minute, (missedSweeps * sweepIntervalMs) / 1_000)),
      says: `nothing overdue is found any more: every sweep fails, or none runs; ${logsOf("sweep")}. Is the schedule group onejob-${fleet} switched off?`,
    },
  };
}
