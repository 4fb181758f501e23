/** The agent's own log: one JSON object per line. */
import type { Clock, Log, LogFields } from "../core/ports";

export function jsonLog(write: (line: string) => void, clock: Clock, base: LogFields = {}): Log {
  const at =
    (level: string) =>
    (sentence: string, fields: LogFields = {}) => {
      const time = new Date(clock.now()).toISOString();
      write(`${JSON.stringify({ time, level, ...base, ...fields, msg: sentence })}\n`);
    };
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

export function withFields(log: Log, base: LogFields): Log {
  return {
    debug: (sentence, fields) => log.debug(sentence, { ...base, ...fields }),
    info: (sentence, fields) => log.info(sentence, { ...base, ...fields }),
    warn: (sentence, fields) => log.warn(sentence, { ...base, ...fields }),
    error: (sentence, fields) => log.error(sentence, { ...base, ...fields }),
  };
}
