/**
 * Put and delete as one batch of item and index entries. Dynalite writes them one after the other, entries first: a
 * kill in between leaves a job without its deadline, or a runner in the index that is nowhere else.
 */
import {
  checkConditional,
  createKey,
  getIndexActions,
  validateItem,
  validateKey,
  type Operation,
  type Row,
  type Store,
  type Table,
  type TableIndex,
} from "dynalite/db";

export async function putItem(store: Store, request: Row): Promise<Row> {
  const table = await tableOf(store, request);
  const item = request["Item"] as Row;
  refuse(validateItem(item, table));
  return write(store, { table, request, key: createKey(item, table), item });
}

export async function deleteItem(store: Store, request: Row): Promise<Row> {
  const table = await tableOf(store, request);
  const key = request["Key"] as Row;
  refuse(validateKey(key, table));
  return write(store, { table, request, key: createKey(key, table), item: undefined });
}

/** Where dynalite keeps items and index entries in the LevelDB. */
export const itemPrefix = (table: Table): string => `item-${table.TableName}~`;

export interface IndexGroup {
  readonly indexes: readonly TableIndex[];
  readonly prefix: (index: string) => string;
}

export function indexGroups(table: Table): readonly IndexGroup[] {
  const { TableName, LocalSecondaryIndexes = [], GlobalSecondaryIndexes = [] } = table;
  return [
    { indexes: LocalSecondaryIndexes, prefix: (index) => `index-local~${TableName}~${index}~` },
    { indexes: GlobalSecondaryIndexes, prefix: (index) => `index-global~${TableName}~${index}~` },
  ];
}

interface Write {
  readonly table: Table;
  readonly request: Row;
  readonly key: string;
  readonly item: Row | undefined;
}

function write(store: Store, { table, request, key, item }: Write): Promise<Row> {
  return locked(store, { table, key }, async () => {
    const place = itemPrefix(table) + key;
    const existing = await store.db.get(place);
    refuse(checkConditional(request, existing));
    const own: Operation = item === undefined ? { type: "del", key: place } : { type: "put", key: place, value: item };
    await store.db.batch([...indexOperations(table, existing, item), own]);
    return {};
  });
}

function indexOperations(table: Table, existing: Row | undefined, item: Row | undefined): readonly Operation[] {
  return indexGroups(table).flatMap(({ indexes, prefix }) => {
    const { puts, deletes } = getIndexActions(indexes, existing, item, table);
    return [
      ...deletes.map((entry): Operation => ({ type: "del", key: prefix(entry.index) + entry.key })),
      ...puts.map((entry): Operation => ({ type: "put", key: prefix(entry.index) + entry.key, value: entry.item })),
    ];
  });
}

/** One write per item at a time, or two could pass the same condition. */
function locked<T>(store: Store, place: { table: Table; key: string }, run: () => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    store.getItemDb(place.table.TableName).lock(place.key, (release) => {
      run().then(
        (value) => release(() => resolve(value))(),
        (error: unknown) => release(() => reject(error))(),
      );
    });
  });
}

function tableOf(store: Store, request: Row): Promise<Table> {
  return new Promise((resolve, reject) => {
    store.getTable(String(request["TableName"]), (error, table) => {
      if (error || table === undefined) reject(error ?? new Error("the embedded store answered no table"));
      else resolve(table);
    });
  });
}

/** Dynalite returns refusals instead of throwing them. */
function refuse(refusal: Error | null | undefined): void {
  if (refusal) throw refusal;
}
