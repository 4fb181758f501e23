/**
 * Streams over the store that let go of what they hold. Dynalite's own never close their iterator (it looks for a method
 * that iterators do not have), so every query would keep its memory for as long as the server lives.
 */
import { Readable } from "node:stream";
import type { Store } from "dynalite/db";

interface Streamed {
  readonly db: Pick<Store["db"], "values" | "createValueStream">;
}

export function withClosedStreams<T extends Streamed>(store: T): T {
  const { db } = store;
  db.createValueStream = (options) => {
    const iterator = db.values(options);
    const stream = Readable.from(iterator, { objectMode: true });
    // Also of one that was given up before its first value.
    stream.once("close", () => void iterator.close());
    return stream;
  };
  return store;
}
