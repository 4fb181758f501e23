/** One page of graphs for one fleet, from metrics that AWS keeps anyway. */
import * as pulumi from "@pulumi/pulumi";
import { functionNames } from "./function-names";
import type { Functions } from "./functions";
import type { Place } from "./place";
import type { Queue } from "./queue";

export interface DashboardParts {
  readonly functions: Functions;
  readonly queue: Queue;
  readonly place: Place;
}

type Metric = readonly pulumi.Input<string>[];

export function dashboardBody({ functions, queue, place }: DashboardParts): pulumi.Output<string> {
  const ofFunctions = (metric: string): Metric[] =>
    functionNames.map((role) => ["AWS/Lambda", metric, "FunctionName", functions.byName[role].name]);
  const ofQueue = (metric: string): Metric => ["AWS/SQS", metric, "QueueName", queue.name];
  const graphs: readonly Graph[] = [
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
