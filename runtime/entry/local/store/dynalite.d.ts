/** Dynalite 4 has no types. Only what the embedded store uses, as its source has it. */
declare module "dynalite/db" {
  import type { Readable } from "node:stream";

  export type Callback<T = unknown> = (error: Error | null | undefined, value?: T) => void;
  export type Row = Record<string, unknown>;

  export interface Table extends Row {
    TableName: string;
    TableStatus: string;
    LocalSecondaryIndexes?: TableIndex[];
    GlobalSecondaryIndexes?: TableIndex[];
  }
  export interface TableIndex {
    IndexName: string;
  }
  export type Operation = { type: "put"; key: string; value: unknown } | { type: "del"; key: string };

  /** The LevelDB below, which holds tables, items and index entries under prefixed keys. */
  export interface Level {
    open(options?: { createIfMissing: boolean }): Promise<void>;
    close(): Promise<void>;
    get(key: string): Promise<Row | undefined>;
    put(key: string, value: unknown): Promise<void>;
    batch(operations: readonly Operation[]): Promise<void>;
    iterator(range: { gte: string; lt: string }): AsyncIterable<[string, Row]>;
    values(options: unknown): AsyncIterable<Row> & { close(): Promise<void> };
    /** What queries read. */
    createValueStream: (options: unknown) => Readable;
  }
  export interface Store {
    readonly db: Level;
    getItemDb(table: string): {
      lock(key: string, run: (release: (callback: () => void) => () => void) => void): void;
    };
    getTable(name: string, callback: Callback<Table>): void;
  }

  export function create(options: { path?: string; createTableMs: number }): Store;
  export function createKey(item: Row, table: Table): string;
  export function validateItem(item: Row, table: Table): Error | null | undefined;
  export function validateKey(key: Row, table: Table): Error | null | undefined;
  export function checkConditional(request: Row, existing: Row | undefined): Error | null | undefined;
  export function getIndexActions(
    ...args: [indexes: readonly TableIndex[], existing: Row | undefined, item: Row | undefined, table: Table]
  ): { puts: { index: string; key: string; item: Row }[]; deletes: { index: string; key: string }[] };
}

declare module "dynalite/validations" {
  import type { Row, Store } from "dynalite/db";
  export function checkTypes(data: Row, types: unknown): Row;
  export function checkValidations(...args: [data: Row, types: unknown, custom: unknown, store: Store]): void;
}

declare module "dynalite/validations/*" {
  export const types: unknown;
  export const custom: unknown;
}
