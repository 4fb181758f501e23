/** One page of graphs for one fleet: of metrics that AWS keeps anyway, and of those the functions write while there is work. */
import * as pulumi from "@pulumi/pulumi";
import { keptMetrics, metricsNamespace, type MetricName } from "../runtime/core/metrics";
import { functionNames } from "./function-names";
import type { Functions } from "./functions";
import type { Place } from "./place";
import type { Queue } from "./queue";

export interface DashboardParts {
  readonly fleet: string;
  readonly functions: Functions;
  readonly queue: Queue;
  readonly place: Place;
}

type Metric = readonly pulumi.Input<string>[];

export function dashboardBody({ fleet, functions, queue, place }: DashboardParts): pulumi.Output<string> {
  const ofFunctions = (metric: string): Metric[] =>
    functionNames.map((role) => ["AWS/Lambda", metric, "FunctionName", functions.byName[role].name]);
  const ofQueue = (metric: string): Metric => ["AWS/SQS", metric, "QueueName", queue.name];
  const ours = (name: MetricName): Metric[] => metricsOf(name, fleet);
  const graphs: readonly Graph[] = [
    { title: "From queued to started, p50, seconds", stat: "p50", metrics: ours("onejob_queue_to_start_seconds") },
    { title: "From queued to started, p95, seconds", stat: "p95", metrics: ours("onejob_queue_to_start_seconds") },
    { title: "Runners", stat: "Maximum", metrics: ours("onejob_runners") },
    { title: "Time in each stage, p50, seconds", stat: "p50", metrics: ours("onejob_stage_seconds") },
    { title: "Time in each stage, p95, seconds", stat: "p95", metrics: ours("onejob_stage_seconds") },
    { title: "Machines by outcome", stat: "Sum", metrics: ours("onejob_launches_total") },
    { title: "Webhooks by outcome", stat: "Sum", metrics: ours("onejob_webhooks_total") },
    { title: "Repairs of the sweep", stat: "Sum", metrics: ours("onejob_sweep_repairs_total") },
    { title: "Messages waiting", stat: "Maximum", metrics: [ofQueue("ApproximateNumberOfMessagesVisible")] },
    { title: "Messages", stat: "Sum", metrics: [ofQueue("NumberOfMessagesSent"), ofQueue("NumberOfMessagesDeleted")] },
    { title: "Oldest message, seconds", stat: "Maximum", metrics: [ofQueue("ApproximateAgeOfOldestMessage")] },
    {
      title: "Dead letters",
      stat: "Maximum",
      metrics: [["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", queue.deadLetterName]],
    },
    { title: "Runs", stat: "Sum", metrics: ofFunctions("Invocations") },
    { title: "Errors", stat: "Sum", metrics: ofFunctions("Errors") },
    { title: "Duration, ms", stat: "p95", metrics: ofFunctions("Duration") },
  ];
  return pulumi.jsonStringify({ widgets: graphs.map((graph, at) => widget(graph, { at, region: place.region })) });
}

/** One line for each value of the label that it is kept by. */
function metricsOf(name: MetricName, fleet: string): Metric[] {
  const { by } = keptMetrics[name];
  const whole: Metric = [metricsNamespace, name, "fleet", fleet];
  return by === undefined ? [whole] : by.values.map((value) => [...whole, by.label, value]);
}

interface Graph {
  readonly title: string;
  readonly stat: string;
  readonly metrics: readonly Metric[];
}

/** CloudWatch's page is 24 wide. */
const [width, height, inRow] = [8, 6, 3];

function widget(
  { title, stat, metrics }: Graph,
  { at, region }: { readonly at: number; readonly region: pulumi.Output<string> },
) {
  const [x, y] = [(at % inRow) * width, Math.floor(at / inRow) * height];
  const properties = { title, stat, metrics, region, period: 300, view: "timeSeries" };
  return { type: "metric", x, y, width, height, properties };
}
