/** Doors that note which call a function is in, so that a story can say what a fault hit. Made only for a story. */
import { briefly } from "./briefly";
import type { Doors } from "./server";
import type { Strand } from "./strand";

export function toldDoors(doors: Doors, strand: Strand): Doors {
  const { source, compute, ledger, queue, files } = doors;
  return {
    source: (name) => told(source(name), { name, strand }),
    compute: (kind) => told(compute(kind), { name: "compute", strand }),
    ledger: told(ledger, { name: "ledger", strand }),
    queue: told(queue, { name: "queue", strand }),
    files,
  };
}

function told<T extends object | undefined>(door: T, at: { readonly name: string; readonly strand: Strand }): T {
  if (door === undefined) return door;
  return new Proxy(door, {
    // The door itself answers: its private fields are not the proxy's.
    get: (target, method) => {
      const member: unknown = Reflect.get(target, method, target);
      if (typeof member !== "function") return member;
      return (...given: unknown[]): unknown => {
        at.strand.doing = [`${at.name}.${String(method)}`, ...given.map(briefly)].join(" ").trim();
        return Reflect.apply(member, target, given);
      };
    },
  });
}
