/** Ports that fail once the time is over, so that a sweep or a batch ends between two steps instead of being cut off in one. */
import { OnejobError } from "../../core/errors";
import type { Ports } from "../../core/ports";

export interface Bounds {
  /** Nothing new is begun any more: nothing is asked of a compute or a source, and no record is looked for. */
  isOver(): boolean;
  /** What was begun is not written down any more, either. */
  isCut(): boolean;
}

/** What is read begins something, what is written ends it. */
const reading = /^(read|list|find|due|purge|receive)/;

/** One sentence tells that the time is over, not one per step. */
export function boundedPorts(ports: Ports, { isOver, isCut }: Bounds): Ports {
  const begins = <T extends object>(port: T): T => guarded(port, isOver);
  const ends = <T extends object>(port: T): T => guarded(port, (name) => (reading.test(name) ? isOver() : isCut()));
  const { ledger, queue, files, log } = ports;
  return {
    ...ports,
    ledger: ends(ledger),
    queue: ends(queue),
    files: begins(files),
    compute: (kind) => optional(ports.compute(kind), begins),
    source: (name) => optional(ports.source(name), begins),
    log: { ...log, error: (sentence, fields) => (isOver() ? undefined : log.error(sentence, fields)) },
  };
}

function optional<T>(value: T | undefined, guard: (value: T) => T): T | undefined {
  return value === undefined ? undefined : guard(value);
}

function guarded<T extends object>(port: T, isRefused: (name: string) => boolean): T {
  return new Proxy(port, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== "function") return value;
      return (...given: unknown[]): unknown => {
        if (isRefused(String(name)))
          return Promise.reject(new OnejobError("conflict", "the time of this function is over"));
        return Reflect.apply(value, target, given);
      };
    },
  });
}
