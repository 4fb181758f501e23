/**
 * The writing operations, each as one batch of items and index entries. Dynalite writes them one after the other,
 * entries first: a kill in between leaves a job without its deadline, or a runner in an index that is nowhere else.
 */
import {
  checkConditional,
  createKey,
  getIndexActions,
  validateItem,
  validateKey,
  type Operation,
  type Row,
  type Table,
  type TableIndex,
} from "dynalite/db";
import type { OpenStore } from "./embedded-commits";

export async function putItem(store: OpenStore, request: Row): Promise<Row> {
  const table = await tableOf(store, String(request["TableName"]));
  const item = request["Item"] as Row;
  refuse(validateItem(item, table));
  return write(store, { table, request, key: createKey(item, table), item });
}

export async function deleteItem(store: OpenStore, request: Row): Promise<Row> {
  const table = await tableOf(store, String(request["TableName"]));
  const key = request["Key"] as Row;
  refuse(validateKey(key, table));
  return write(store, { table, request, key: createKey(key, table), item: undefined });
}

/** Only puts, and only into tables without an index: all that the queue needs. */
export async function batchWriteItem(store: OpenStore, request: Row): Promise<Row> {
  const operations: Operation[] = [];
  const byTable = request["RequestItems"] as Readonly<Record<string, readonly { PutRequest?: { Item: Row } }[]>>;
  for (const [name, requests] of Object.entries(byTable)) {
    const table = await tableOf(store, name);
    for (const { PutRequest } of requests) {
      if (PutRequest === undefined || hasIndexes(table)) throw new Error("the embedded store knows no such batch");
      refuse(validateItem(PutRequest.Item, table));
      operations.push(put(itemPrefix(table) + createKey(PutRequest.Item, table), PutRequest.Item));
    }
  }
  await store.commit(operations);
  return { UnprocessedItems: {} };
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

export function hasIndexes(table: Table): boolean {
  return indexGroups(table).some(({ indexes }) => indexes.length > 0);
}

interface Write {
  readonly table: Table;
  readonly request: Row;
  readonly key: string;
  readonly item: Row | undefined;
}

function write(store: OpenStore, { table, request, key, item }: Write): Promise<Row> {
  return locked(store, { table, key }, async () => {
    const place = itemPrefix(table) + key;
    const existing = await store.dynalite.db.get(place);
    refuse(checkConditional(request, existing));
    await store.commit([
      ...indexOperations(table, existing, item),
      item === undefined ? { type: "del", key: place } : put(place, item),
    ]);
    return {};
  });
}

function indexOperations(table: Table, existing: Row | undefined, item: Row | undefined): readonly Operation[] {
  return indexGroups(table).flatMap(({ indexes, prefix }) => {
    const { puts, deletes } = getIndexActions(indexes, existing, item, table);
    return [
      ...deletes.map((entry): Operation => ({ type: "del", key: prefix(entry.index) + entry.key })),
      ...puts.map((entry) => put(prefix(entry.index) + entry.key, entry.item)),
    ];
  });
}

function put(key: string, value: Row): Operation {
  return { type: "put", key, value };
}

/** One write per item at a time, or two could pass the same condition. */
function locked<T>(store: OpenStore, place: { table: Table; key: string }, run: () => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    store.dynalite.getItemDb(place.table.TableName).lock(place.key, (release) => {
      run().then(
        (value) => release(() => resolve(value))(),
        (error: unknown) => release(() => reject(error))(),
      );
    });
  });
}

function tableOf(store: OpenStore, name: string): Promise<Table> {
  return new Promise((resolve, reject) => {
    store.dynalite.getTable(name, (error, table) => {
      if (error || table === undefined) reject(error ?? new Error(`there is no table ${name}`));
      else resolve(table);
    });
  });
}

/** Dynalite returns refusals instead of throwing them. */
function refuse(refusal: Error | null | undefined): void {
  if (refusal) throw refusal;
}
