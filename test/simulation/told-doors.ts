/** Doors that tell which call a function is in, so that a story can say what a fault hit. Made only for a story. */
import { briefly } from "./briefly";
import type { Doors } from "./server";
import type { Story } from "./story";
import type { Strand } from "./strand";

/** What is asked of others, and seen in no log when its answer never comes. */
const orders = new Set(["launch", "terminate", "enrol", "withdraw", "cancel", "rerun"]);

interface Teller {
  readonly strand: Strand;
  readonly story: Story;
}

export function toldDoors(doors: Doors, teller: Teller): Doors {
  const { source, compute, ledger, queue, files } = doors;
  return {
    source: (name) => told(source(name), { ...teller, name }),
    compute: (kind) => told(compute(kind), { ...teller, name: "compute" }),
    ledger: told(ledger, { ...teller, name: "ledger" }),
    queue: told(queue, { ...teller, name: "queue" }),
    files,
  };
}

function told<T extends object | undefined>(door: T, { name, strand, story }: Teller & { readonly name: string }): T {
  if (door === undefined) return door;
  return new Proxy(door, {
    // The door itself answers: its private fields are not the proxy's.
    get: (target, method) => {
      const member: unknown = Reflect.get(target, method, target);
      if (typeof member !== "function") return member;
      return (...given: unknown[]): unknown => {
        const words = given.map(briefly).filter((word) => word !== "");
        strand.doing = [`${name}.${String(method)}`, ...words].join(" ");
        if (orders.has(String(method))) story.note("onejob", `${strand.name} asks: ${strand.doing}`);
        return Reflect.apply(member, target, given);
      };
    },
  });
}
