/**
 * Makes every index say what the items say: missing and outdated entries are written, entries without an item removed.
 * Our own writes keep them together; this is for data that something else wrote or damaged, and runs before serving.
 */
import { getIndexActions, type Operation, type Row, type Table } from "dynalite/db";
import type { OpenStore } from "./embedded-commits";
import { hasIndexes, indexGroups, itemPrefix } from "./embedded-writes";

const batchSize = 500;

/** Answers how many entries were wrong. */
export async function repairIndexes(store: OpenStore): Promise<number> {
  let repaired = 0;
  for await (const [, table] of entriesUnder(store, "table~")) repaired += await repairTable(store, table as Table);
  return repaired;
}

async function repairTable(store: OpenStore, table: Table): Promise<number> {
  if (!hasIndexes(table)) return 0;
  const missing = await expectedEntries(store, table);
  const repairs: Operation[] = [];
  for (const { indexes, prefix } of indexGroups(table)) {
    for (const { IndexName } of indexes) {
      for await (const [key, entry] of entriesUnder(store, prefix(IndexName))) {
        const expected = missing.get(key);
        if (expected === undefined) repairs.push({ type: "del", key });
        else if (expected === JSON.stringify(entry)) missing.delete(key);
      }
    }
  }
  for (const [key, text] of missing) repairs.push({ type: "put", key, value: JSON.parse(text) as unknown });
  for (let at = 0; at < repairs.length; at += batchSize) await store.commit(repairs.slice(at, at + batchSize));
  return repairs.length;
}

/** By full key, as text: what is stored went through JSON, so undefined attributes are gone there as well. */
async function expectedEntries(store: OpenStore, table: Table): Promise<Map<string, string>> {
  const expected = new Map<string, string>();
  for await (const [, item] of entriesUnder(store, itemPrefix(table))) {
    for (const { indexes, prefix } of indexGroups(table)) {
      const { puts } = getIndexActions(indexes, undefined, item, table);
      for (const put of puts) expected.set(prefix(put.index) + put.key, JSON.stringify(put.item));
    }
  }
  return expected;
}

function entriesUnder(store: OpenStore, prefix: string): AsyncIterable<[string, Row]> {
  return store.dynalite.db.iterator({ gte: prefix, lt: `${prefix}\u{ff}` });
}
