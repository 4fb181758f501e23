/**
 * Reads that are asked for in one moment become one: a batch of messages is handled side by side, and each of its flows
 * begins with the same kind of read.
 */
import type { Item } from "./items";
import type { ItemKey } from "./keys";

interface Reading {
  readonly one: (key: ItemKey) => Promise<Item | undefined>;
  /** Those that are there, in no order; no key twice. */
  readonly many: (keys: readonly ItemKey[]) => Promise<readonly Item[]>;
}

type Moment = Map<string, ItemKey>;

export class ReadsAtOnce {
  readonly #reading: Reading;
  #asked: { readonly keys: Moment; readonly found: Promise<(name: string) => Item | undefined> } | undefined;

  constructor(reading: Reading) {
    this.#reading = reading;
  }

  async get(key: ItemKey): Promise<Item | undefined> {
    const name = nameOf(key);
    this.#asked ??= this.#begin();
    const { keys, found } = this.#asked;
    keys.set(name, key);
    return (await found)(name);
  }

  #begin() {
    const keys: Moment = new Map();
    const found = moment().then(() => {
      this.#asked = undefined;
      return this.#read([...keys.values()]);
    });
    return { keys, found };
  }

  async #read(keys: readonly ItemKey[]): Promise<(name: string) => Item | undefined> {
    const [first, ...others] = keys;
    if (first === undefined || others.length > 0) {
      const items = new Map((await this.#reading.many(keys)).map((item) => [nameOf(item), item]));
      return (name) => items.get(name);
    }
    const item = await this.#reading.one(first);
    return () => item;
  }
}

/** Until all that goes on now has come to where it waits. */
function moment(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function nameOf({ pk, sk }: ItemKey): string {
  return JSON.stringify([pk, sk]);
}
