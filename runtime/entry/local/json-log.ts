/** Logs as JSON lines on standard error (pino). */
import { destination, pino } from "pino";
import type { Log, LogFields } from "../../core/ports";
import { describeError } from "../host/describe-error";

export const logLevels = ["debug", "info", "warn", "error", "silent"] as const;
export type LogLevel = (typeof logLevels)[number];

/** Lines that could not be written are tried again, as many as fit in here. */
const backlogBytes = 256 * 1024;

export function jsonLog(level: LogLevel): Log {
  // Synchronous: a line about a crash is worth more than the microseconds.
  const output = destination({ fd: 2, sync: true, maxLength: backlogBytes });
  // Where the log goes to a file and the disk is full, every sentence would throw, wherever it is said.
  output.on("error", () => undefined);
  const logger = pino(
    {
      level,
      base: { pid: process.pid },
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      messageKey: "message",
      serializers: { error: describeError },
    },
    output,
  );
  const at = (severity: "debug" | "info" | "warn" | "error") => (sentence: string, fields?: LogFields) =>
    logger[severity](fields ?? {}, sentence);
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}
