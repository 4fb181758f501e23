/** Saved queries for CloudWatch Logs Insights: the questions people have when a job does not start. */
import type { FunctionName } from "./function-names";
import { functionNames } from "./function-names";

export interface SavedQuery {
  readonly title: string;
  readonly functions: readonly FunctionName[];
  readonly query: string;
}

const newest = "| sort @timestamp desc\n| limit 200";

export const savedQueries: readonly SavedQuery[] = [
  {
    title: "one job",
    functions: functionNames,
    query: `fields @timestamp, @log, @message\n| filter @message like "PUT-THE-JOB-HERE"\n| sort @timestamp asc\n| limit 1000`,
  },
  {
    title: "errors",
    functions: functionNames,
    query: `fields @timestamp, @log, @message\n| filter level = "error" or level = "ERROR" or level = "fatal"\n${newest}`,
  },
  {
    title: "launches",
    functions: ["work", "sweep"],
    query: `fields @timestamp, @message\n| filter @message like /launch/\n${newest}`,
  },
  {
    title: "webhooks refused",
    functions: ["webhook"],
    query: `fields @timestamp, @message\n| filter @message like /refused|bad-signature/\n${newest}`,
  },
];
