/** Ports that fail once the time is over, so that a sweep or a batch ends between two steps instead of being cut off in one. */
import { OnejobError } from "../../core/errors";
import type { Ports } from "../../core/ports";

/** What is begun is finished; nothing new begins after `isOver`. One sentence tells of it, not one per step. */
export function boundedPorts(ports: Ports, isOver: () => boolean): Ports {
  const guard = <T extends object>(port: T): T => guarded(port, isOver);
  const { ledger, queue, files, log } = ports;
  return {
    ...ports,
    ledger: guard(ledger),
    queue: guard(queue),
    files: guard(files),
    compute: (kind) => optional(ports.compute(kind), guard),
    source: (name) => optional(ports.source(name), guard),
    log: { ...log, error: (sentence, fields) => (isOver() ? undefined : log.error(sentence, fields)) },
  };
}

function optional<T>(value: T | undefined, guard: (value: T) => T): T | undefined {
  return value === undefined ? undefined : guard(value);
}

function guarded<T extends object>(port: T, isOver: () => boolean): T {
  return new Proxy(port, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== "function") return value;
      return (...given: unknown[]): unknown => {
        if (isOver()) return Promise.reject(new OnejobError("conflict", "the time of this function is over"));
        return Reflect.apply(value, target, given);
      };
    },
  });
}
