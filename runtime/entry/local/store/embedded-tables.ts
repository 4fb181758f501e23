/**
 * Tables of the embedded store are what this program says they are: written at every start, and `repairIndexes` fills
 * an index that is new. Dynalite's own CreateTable would need waiting, and a crash within it leaves no usable table.
 */
import { isDeepStrictEqual } from "node:util";
import { createTableInput } from "../../../ledger/create-table-input";
import type { TableDefinition } from "../../../ledger/table";
import type { OpenStore } from "./embedded-commits";

/** By name. */
export type Tables = Readonly<Record<string, TableDefinition>>;

export async function putTables(store: OpenStore, tables: Tables): Promise<void> {
  for (const [name, definition] of Object.entries(tables)) {
    const wanted = { ...createTableInput(name, definition), TableStatus: "ACTIVE" };
    const key = `table~${name}`;
    if (isDeepStrictEqual(await store.dynalite.db.get(key), wanted)) continue;
    await store.commit([{ type: "put", key, value: wanted }]);
  }
}
