/**
 * Saved queries for CloudWatch Logs Insights: what people ask when a job does not start, or starts late. They read the lines
 * of `json-lines.ts` by their fields; `test/aws/trace.test.ts` holds each name against lines that were really written.
 */
import { timedStages } from "../runtime/core/metrics";
import type { FunctionName } from "./function-names";
import { functionNames } from "./function-names";

export interface SavedQuery {
  readonly title: string;
  readonly functions: readonly FunctionName[];
  readonly query: string;
}

const all = functionNames;
const movers = ["work", "agent", "api", "sweep"] as const;
const launchers = ["work", "sweep"] as const;
const doors = ["webhook", "agent", "api"] as const;

const told = "fields @timestamp, function, level, message";
const oldest = "| sort @timestamp asc\n| limit 1000";
const newest = "| sort @timestamp desc\n| limit 200";

/** What people put their own word into. */
export const placeholderOf = (what: "JOB" | "LAUNCH" | "MACHINE"): string => `PUT-THE-${what}-HERE`;

/** Wherever in a line the id stands: lists of jobs and machines are no fields that could be compared. */
const about = (what: "JOB" | "LAUNCH" | "MACHINE", ids: string): string =>
  `${told}, ${ids}, @message\n| filter @message like "${placeholderOf(what)}"\n${oldest}`;

const messages = (sentences: readonly string[]): string =>
  `| filter message in [${sentences.map((sentence) => `"${sentence}"`).join(", ")}]`;

/** Seconds in each stage of the jobs that ended, for half of them and for 95 of a hundred. */
export const stageQuery = [
  messages(["job ended"]).replace("| ", ""),
  `| stats count(*) as jobs, pct(waitedSeconds, 50) as waited_p50, pct(waitedSeconds, 95) as waited_p95,\n${timedStages
    .map((stage) => `  pct(stageSeconds.${stage}, 50) as ${stage}_p50, pct(stageSeconds.${stage}, 95) as ${stage}_p95`)
    .join(",\n")}\n  by profile`,
].join("\n");

export const savedQueries: readonly SavedQuery[] = [
  { title: "one job", functions: all, query: about("JOB", "launch, runner, machine, state, reason") },
  { title: "one launch", functions: all, query: about("LAUNCH", "job, runner, machine, outcome, state, reason") },
  { title: "one machine", functions: all, query: about("MACHINE", "launch, runner, job, state, reason") },
  { title: "time in each stage", functions: movers, query: stageQuery },
  {
    title: "what waits and why",
    functions: movers,
    query: `fields @timestamp, profile, reason, detail, waiting, jobs.0\n${messages(["jobs wait"])}\n${newest}`,
  },
  {
    title: "launches by outcome",
    functions: launchers,
    query: [
      messages(["machine launched", "machine not launched"]).replace("| ", ""),
      "| stats count(*) as machines, latest(detail) as last_detail by profile, outcome",
    ].join("\n"),
  },
  {
    title: "calls of CreateFleet",
    functions: launchers,
    query: `fields @timestamp, launch, profile, market, call, wanted, codes.0\n${messages(["machines asked for"])}\n${newest}`,
  },
  {
    title: "interruptions and reruns",
    functions: all,
    query: `fields @timestamp, message, job, runner, machine, profile, reason, attempt\n| filter reason = "interrupted" or reason = "agent-lost" or message in ["machine is being taken away", "machine may be going away", "runner lost", "job is run again"]\n${newest}`,
  },
  {
    title: "webhooks refused",
    functions: ["webhook"],
    query: `fields @timestamp, message, source, delivery, code, what, error.message\n${messages(["webhook refused", "webhook not stored"])}\n${newest}`,
  },
  {
    title: "errors",
    functions: all,
    query: `fields @timestamp, function, message, job, runner, machine, error.code, error.message, @message\n| filter level = "error" or level = "ERROR" or level = "FATAL" or record.status = "timeout"\n${newest}`,
  },
  {
    title: "cold starts",
    functions: all,
    query: `filter message = "first call of a process"\n| stats count(*) as processes, pct(sinceStartMs, 50) as start_p50, pct(ms, 50) as ms_p50, pct(ms, 95) as ms_p95 by function`,
  },
  {
    title: "slowest calls",
    functions: all,
    query: `fields @timestamp, function, message, ms, sinceStartMs, request\n| filter ispresent(ms)\n| sort ms desc\n| limit 100`,
  },
  {
    title: "requests that failed",
    functions: doors,
    query: `fields @timestamp, function, message, route, job, code, what, error.message\n${messages(["request failed", "request refused"])}\n${newest}`,
  },
];
