/**
 * The few table operations the ledger is made of. Each write is one item on one named condition; an item past its
 * expiry is treated as absent everywhere, because the store removes it days later or never.
 */
import {
  BatchGetItemCommand,
  ConditionalCheckFailedException,
  DeleteItemCommand,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  type AttributeValue,
  type DynamoDBClient,
  type QueryCommandInput,
} from "@aws-sdk/client-dynamodb";
import { marshall, unmarshall } from "@aws-sdk/util-dynamodb";
import { OnejobError } from "../core/errors";
import type { Clock, Random } from "../core/ports";
import type { Item } from "./items";
import type { ItemKey } from "./keys";
import { ReadsAtOnce } from "./reads-at-once";
import type { IndexName } from "./table";

export interface LedgerStoreOptions {
  readonly client: DynamoDBClient;
  readonly table: string;
  readonly clock: Clock;
  readonly random: Random;
}

/** `absent`: nothing (or only something expired) stands there; a number: exactly this version does. */
export type PutCondition = "absent" | "any" | number;
export type PutResult = { readonly written: true } | { readonly written: false; readonly current: Item | undefined };

export interface IndexQuery {
  readonly index?: IndexName;
  readonly consistent?: boolean;
  /** Key condition and filter; names as `#name`, values as `:name`, taken from `values`. */
  readonly where: string;
  readonly filter?: string;
  readonly values: Readonly<Record<string, unknown>>;
  readonly newestFirst?: boolean;
  /** Items looked at per page. */
  readonly pageSize?: number;
}

export interface LedgerStore {
  get(key: ItemKey): Promise<Item | undefined>;
  /** Those that are there, in no order. */
  getMany(wanted: readonly ItemKey[]): Promise<readonly Item[]>;
  put(item: Item, condition: PutCondition): Promise<PutResult>;
  /** Only while it still is due as read; answers whether it went. */
  removeDue(item: Item): Promise<boolean>;
  remove(key: ItemKey): Promise<void>;
  /** Only while it has this version; answers whether it is gone. */
  removeVersion(key: ItemKey, version: number): Promise<boolean>;
  /** Entries of a global index hold keys and few attributes, and may lag. */
  pages(query: IndexQuery): AsyncGenerator<readonly Item[], void, void>;
}

type Marshalled = Record<string, AttributeValue>;
const batchSize = 100;

export function ledgerStore(options: LedgerStoreOptions): LedgerStore {
  return new DynamodbStore(options);
}

class DynamodbStore implements LedgerStore {
  readonly #client: DynamoDBClient;
  readonly #table: string;
  readonly #clock: Clock;
  readonly #instance: string;
  readonly #reads = new ReadsAtOnce({
    one: async (key) => this.#alive(await this.#getRaw(key)),
    many: (keys) => this.getMany(keys.filter(mayStand)),
  });
  #writes = 0;

  constructor({ client, table, clock, random }: LedgerStoreOptions) {
    this.#client = client;
    this.#table = table;
    this.#clock = clock;
    this.#instance = random.id(16);
  }

  get(key: ItemKey): Promise<Item | undefined> {
    return this.#reads.get(key);
  }

  async getMany(wanted: readonly ItemKey[]): Promise<readonly Item[]> {
    const table = this.#table;
    const found: Item[] = [];
    let open = wanted.map(marshalledKey);
    while (open.length > 0) {
      const request = { [table]: { Keys: open.slice(0, batchSize), ConsistentRead: true } };
      const answer = await this.#client.send(new BatchGetItemCommand({ RequestItems: request }));
      found.push(...(answer.Responses?.[table] ?? []).flatMap((raw) => this.#alive(raw) ?? []));
      open = [...(answer.UnprocessedKeys?.[table]?.Keys ?? []), ...open.slice(batchSize)];
    }
    return found;
  }

  async put(item: Item, condition: PutCondition): Promise<PutResult> {
    const writer = `${this.#instance}-${++this.#writes}`;
    const input = {
      TableName: this.#table,
      Item: marshall({ ...item, writer }, { removeUndefinedValues: true }),
      ...conditionOf(condition, this.#clock.now()),
    };
    try {
      await this.#client.send(new PutItemCommand(input));
      return { written: true };
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw notStored(item, error);
      const raw = error.Item ?? (await this.#getRaw(item));
      // The client repeats a request whose answer was lost: what beat us may be our own first try.
      if (raw?.["writer"]?.S === writer) return { written: true };
      return { written: false, current: this.#alive(raw) };
    }
  }

  async *pages(query: IndexQuery): AsyncGenerator<readonly Item[], void, void> {
    if (!Object.values(query.values).every(mayBeHashed)) return;
    let from: Marshalled | undefined;
    do {
      const input = { TableName: this.#table, ...queryInput(query), ExclusiveStartKey: from };
      const answer = await this.#client.send(new QueryCommand(input));
      yield (answer.Items ?? []).flatMap((raw) => this.#alive(raw) ?? []);
      from = answer.LastEvaluatedKey;
    } while (from !== undefined);
  }

  removeDue(item: Item): Promise<boolean> {
    return this.#removeIf(item, { due: item["due"], dueAt: item.dueAt });
  }

  async removeVersion(key: ItemKey, version: number): Promise<boolean> {
    return (await this.#removeIf(key, { version })) || (await this.get(key)) === undefined;
  }

  /** Only while every attribute is as given; answers whether it went. */
  async #removeIf(item: ItemKey, expected: Readonly<Record<string, unknown>>): Promise<boolean> {
    const names = Object.keys(expected);
    const input = {
      TableName: this.#table,
      Key: marshalledKey(item),
      ConditionExpression: names.map((name) => `#${name} = :${name}`).join(" AND "),
      ExpressionAttributeNames: Object.fromEntries(names.map((name) => [`#${name}`, name])),
      ExpressionAttributeValues: marshall(Object.fromEntries(names.map((name) => [`:${name}`, expected[name]]))),
    };
    try {
      await this.#client.send(new DeleteItemCommand(input));
      return true;
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return false;
      throw notStored(item, error);
    }
  }

  async remove(key: ItemKey): Promise<void> {
    try {
      await this.#client.send(new DeleteItemCommand({ TableName: this.#table, Key: marshalledKey(key) }));
    } catch (error) {
      throw notStored(key, error);
    }
  }

  #alive(raw: Marshalled | undefined): Item | undefined {
    const item = raw && toItem(raw);
    return item === undefined || (item.expiresAtMs ?? Infinity) <= this.#clock.now() ? undefined : item;
  }

  async #getRaw(key: ItemKey): Promise<Marshalled | undefined> {
    if (!mayStand(key)) return undefined;
    const input = { TableName: this.#table, Key: marshalledKey(key), ConsistentRead: true };
    return (await this.#client.send(new GetItemCommand(input))).Item;
  }
}

/** Longest keys in bytes: what is longer was never stored, and asking for it is an error. */
const longest = { hash: 2_048, range: 1_024 } as const;

function mayStand({ pk, sk }: ItemKey): boolean {
  return Buffer.byteLength(pk) <= longest.hash && Buffer.byteLength(sk) <= longest.range;
}

/** Whether something could stand in an index under this value; none of those that are filtered by is longer either. */
function mayBeHashed(value: unknown): boolean {
  return typeof value !== "string" || Buffer.byteLength(value) <= longest.hash;
}

function conditionOf(condition: PutCondition, now: number) {
  if (condition === "any") return {};
  const expected = condition === "absent" ? {} : { ":expected": condition };
  return {
    ConditionExpression:
      condition === "absent"
        ? "attribute_not_exists(#pk) OR #expiresAtMs <= :now"
        : "#version = :expected AND (attribute_not_exists(#expiresAtMs) OR #expiresAtMs > :now)",
    ExpressionAttributeNames: {
      "#expiresAtMs": "expiresAtMs",
      ...(condition === "absent" ? { "#pk": "pk" } : { "#version": "version" }),
    },
    ExpressionAttributeValues: marshall({ ":now": now, ...expected }),
    ReturnValuesOnConditionCheckFailure: "ALL_OLD" as const,
  };
}

function queryInput(query: IndexQuery): Omit<QueryCommandInput, "TableName"> {
  const named = `${query.where} ${query.filter ?? ""}`.match(/#\w+/g) ?? [];
  return {
    IndexName: query.index,
    ConsistentRead: query.consistent,
    KeyConditionExpression: query.where,
    FilterExpression: query.filter,
    ExpressionAttributeNames: Object.fromEntries(named.map((name) => [name, name.slice(1)])),
    ExpressionAttributeValues: marshall(query.values),
    ScanIndexForward: query.newestFirst !== true,
    Limit: query.pageSize,
  };
}

/** Only this module writes items, so what comes back has their shape. */
function toItem(raw: Marshalled): Item {
  return unmarshall(raw) as Item;
}

function marshalledKey({ pk, sk }: ItemKey): Marshalled {
  return marshall({ pk, sk });
}

function notStored({ pk, sk }: ItemKey, cause: unknown): OnejobError {
  return new OnejobError("not-stored", `${pk} ${sk}`, { cause });
}
