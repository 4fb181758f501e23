/**
 * Tables of the embedded store are what this program says they are: written at every start, and `repairIndexes` fills
 * an index that is new. Dynalite's own CreateTable would need waiting, and a crash within it leaves no usable table.
 */
import { isDeepStrictEqual } from "node:util";
import type { Store } from "dynalite/db";
import { createTableInput } from "../../ledger/create-table-input";
import type { TableDefinition } from "../../ledger/table";

/** By name. */
export type Tables = Readonly<Record<string, TableDefinition>>;

export async function putTables(store: Store, tables: Tables): Promise<void> {
  for (const [name, definition] of Object.entries(tables)) {
    const wanted = { ...createTableInput(name, definition), TableStatus: "ACTIVE" };
    const place = `table~${name}`;
    if (!isDeepStrictEqual(await store.db.get(place), wanted)) await store.db.put(place, wanted);
  }
}
