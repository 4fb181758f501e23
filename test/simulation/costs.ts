/** I10: what all this costs in calls of the forge, writes, messages and machines; and that nothing to do costs nothing. */
import type { FaultName } from "./faults";
import type { Breach } from "./judge";

export type Cost = "forge calls" | "ledger writes" | "messages" | "machines";

export type Spent = Readonly<Record<Cost, number>>;

/** What a run was about. */
export interface Occasion {
  readonly jobs: number;
  readonly faults: ReadonlyMap<FaultName, number>;
  readonly minutes: number;
  readonly profileCap: number;
}

/** What may be spent; measured over some thousand seeds, with a third more. */
interface Price {
  readonly job: number;
  readonly fault: number;
  readonly minute: number;
  readonly start: number;
}

const prices: Readonly<Record<Cost, Price>> = {
  "forge calls": { job: 3, fault: 4, minute: 0.5, start: 20 },
  "ledger writes": { job: 28, fault: 15, minute: 3, start: 30 },
  messages: { job: 12, fault: 6, minute: 1, start: 30 },
  machines: { job: 1.1, fault: 1.5, minute: 0, start: 3 },
};

/** They are part of every call, and cost nothing. */
const harmless: ReadonlySet<FaultName> = new Set(["index-lag", "list-lag"]);
/** They hit all machines and all words that there are at the time, and more until it is known. */
const wide: ReadonlySet<FaultName> = new Set([
  "bad-image",
  "bad-group",
  "restart",
  "forge-outage",
  "rate-limit",
  "cloud-outage",
]);
/** Who has nothing to do may still ask the forge, now and then. */
const callsInQuiet = 4;

export class Costs {
  readonly #spent: Record<Cost, number> = { "forge calls": 0, "ledger writes": 0, messages: 0, machines: 0 };
  /** Jobs that cannot be run again yet: for each the forge is asked once a minute. */
  readonly #waiting = new Set<string>();
  /** As it stood at the last look, if all was quiet then. */
  #before: { readonly stir: number; readonly spent: Spent; readonly looks: number } | undefined;

  add(cost: Cost, count = 1): void {
    this.#spent[cost] += count;
  }

  mustWait(job: string): void {
    this.#waiting.add(job);
  }

  get spent(): Spent {
    return { ...this.#spent };
  }

  /** Once a minute. `stir`: grows with everything that happened; `undefined`: there is something to do. */
  look(stir: number | undefined): Breach | undefined {
    const before = this.#before;
    const { spent } = this;
    const looks = before !== undefined && before.stir === stir ? before.looks + 1 : 0;
    this.#before = stir === undefined ? undefined : { stir, spent, looks };
    // What was under way when it became quiet may still come to its end.
    if (before === undefined || looks < 3) return undefined;
    const writes = spent["ledger writes"] - before.spent["ledger writes"];
    if (writes > 0) return broken(`${writes} writes in a minute in which there was nothing to do`);
    const calls = spent["forge calls"] - before.spent["forge calls"];
    return calls > callsInQuiet ? broken(`${calls} calls of the forge in a minute without anything to do`) : undefined;
  }

  /** Of the whole run. */
  tooMuch(occasion: Occasion): Breach | undefined {
    const faults = weigh(occasion);
    const { jobs, minutes } = occasion;
    for (const [cost, price] of pricesByName) {
      const waits = cost === "forge calls" ? this.#waiting.size : 0;
      const perMinute = price.minute + waits;
      const most = Math.ceil(price.start + price.job * jobs + price.fault * faults + perMinute * minutes);
      if (this.#spent[cost] > most)
        return broken(`${this.#spent[cost]} ${cost} for ${jobs} jobs and ${faults} faults, ${most} are enough`);
    }
    return undefined;
  }
}

const pricesByName = Object.entries(prices) as readonly (readonly [Cost, Price])[];

/** How many faults that is, as if each had hit one machine. */
export function weigh({ faults, profileCap }: Pick<Occasion, "faults" | "profileCap">): number {
  let sum = 0;
  for (const [name, count] of faults) if (!harmless.has(name)) sum += count * (wide.has(name) ? profileCap + 8 : 1);
  return sum;
}

function broken(what: string): Breach {
  return { promise: "I10", what, names: [] };
}
