import { Readable } from "node:stream";
import type { Row } from "dynalite/db";
import { withClosedStreams } from "../../runtime/entry/local/store/closed-streams";

/** A store whose iterators say when they were let go. */
function countingStore(rows: readonly Row[]) {
  const seen = { closed: 0 };
  const values = () => ({
    async *[Symbol.asyncIterator]() {
      yield* rows;
    },
    close: async () => void (seen.closed += 1),
  });
  const store = withClosedStreams({ db: { values, createValueStream: (_options: unknown) => Readable.from([]) } });
  return { seen, read: () => store.db.createValueStream({}) };
}

const closed = (stream: NodeJS.EventEmitter) => new Promise((resolve) => stream.once("close", resolve));

describe("a stream over the store", () => {
  it("lets go of its iterator when it was read to its end", async () => {
    const { seen, read } = countingStore([{ a: 1 }, { a: 2 }]);
    const got: unknown[] = [];
    for await (const row of read()) got.push(row);
    expect([got.length, seen.closed]).toEqual([2, 1]);
  });

  it.each([0, 1])("lets go of its iterator when it is given up after %i values", async (count) => {
    const { seen, read } = countingStore([{ a: 1 }, { a: 2 }, { a: 3 }]);
    const stream = read();
    const over = closed(stream);
    if (count > 0) await new Promise((resolve) => stream.once("data", resolve));
    stream.destroy();
    await over;
    expect(seen.closed).toBe(1);
  });
});
