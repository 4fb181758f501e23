/**
 * The `Log` of a function: JSON lines on standard output, each with the function and the request it is about. Lambda takes
 * such a line as it is; it knows its level by `level` and `timestamp`, and without the second takes it for INFO.
 * @see https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html
 */
import type { Log, LogFields } from "../../core/ports";
import { describeError } from "../host/describe-error";

export type WriteLine = (line: string) => void;

export const toStdout: WriteLine = (line) => void process.stdout.write(`${line}\n`);

const levels = ["debug", "info", "warn", "error"] as const;
type Level = (typeof levels)[number];

export interface JsonLinesOptions {
  readonly fn: string;
  /** Id of the request at hand. */
  readonly request: () => string;
  readonly write?: WriteLine;
  /** Least that is written. @default "info" */
  readonly level?: string | undefined;
}

export function jsonLines({ fn, request, write = toStdout, level = "info" }: JsonLinesOptions): Log {
  const least = Math.max(0, levels.indexOf(level as Level));
  const at =
    (severity: Level) =>
    (sentence: string, fields: LogFields = {}): void => {
      if (levels.indexOf(severity) < least) return;
      const head = {
        level: severity,
        timestamp: new Date().toISOString(),
        message: sentence,
        function: fn,
        request: request(),
      };
      write(lineOf(head, fields));
    };
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

function lineOf(head: LogFields, fields: LogFields): string {
  try {
    return JSON.stringify({ ...fields, ...head }, (_, value: unknown) =>
      value instanceof Error ? describeError(value) : value,
    );
  } catch {
    // What cannot be written must not break what it is about.
    return JSON.stringify(head);
  }
}
