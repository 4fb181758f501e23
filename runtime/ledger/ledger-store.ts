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
  /** Entries of a global index hold keys and few attributes, and may lag. */
  pages(query: IndexQuery): AsyncGenerator<readonly Item[], void, void>;
}

type Marshalled = Record<string, AttributeValue>;
const batchSize = 100;

export function ledgerStore(options: LedgerStoreOptions): LedgerStore {
  const { client, table: TableName, clock, random } = options;
  const instance = random.id(16);
  let writes = 0;

  const alive = (raw: Marshalled | undefined): Item | undefined => {
    const item = raw && toItem(raw);
    return item === undefined || (item.expiresAtMs ?? Infinity) <= clock.now() ? undefined : item;
  };

  const getRaw = async (key: ItemKey): Promise<Marshalled | undefined> => {
    const command = new GetItemCommand({ TableName, Key: marshall(keyOf(key)), ConsistentRead: true });
    return (await client.send(command)).Item;
  };

  async function put(item: Item, condition: PutCondition): Promise<PutResult> {
    const writer = `${instance}-${++writes}`;
    try {
      const Item = marshall({ ...item, writer }, { removeUndefinedValues: true });
      await client.send(new PutItemCommand({ TableName, Item, ...conditionOf(condition, clock.now()) }));
      return { written: true };
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw notStored(item, error);
      const raw = error.Item ?? (await getRaw(item));
      // The client repeats a request whose answer was lost: what beat us may be our own first try.
      if (raw?.["writer"]?.S === writer) return { written: true };
      return { written: false, current: alive(raw) };
    }
  }

  async function getMany(wanted: readonly ItemKey[]): Promise<readonly Item[]> {
    const found: Item[] = [];
    let open = wanted.map((key) => marshall(keyOf(key)));
    while (open.length > 0) {
      const request = { [TableName]: { Keys: open.slice(0, batchSize), ConsistentRead: true } };
      const answer = await client.send(new BatchGetItemCommand({ RequestItems: request }));
      found.push(...(answer.Responses?.[TableName] ?? []).flatMap((raw) => alive(raw) ?? []));
      open = [...(answer.UnprocessedKeys?.[TableName]?.Keys ?? []), ...open.slice(batchSize)];
    }
    return found;
  }

  async function* pages(query: IndexQuery): AsyncGenerator<readonly Item[], void, void> {
    let from: Marshalled | undefined;
    do {
      const answer = await client.send(new QueryCommand({ TableName, ...queryInput(query), ExclusiveStartKey: from }));
      yield (answer.Items ?? []).flatMap((raw) => alive(raw) ?? []);
      from = answer.LastEvaluatedKey;
    } while (from !== undefined);
  }

  async function removeDue(item: Item): Promise<boolean> {
    try {
      const ExpressionAttributeValues = marshall({ ":due": item["due"], ":dueAt": item.dueAt });
      const ExpressionAttributeNames = { "#due": "due", "#dueAt": "dueAt" };
      const condition = { ConditionExpression: "#due = :due AND #dueAt = :dueAt" };
      const Key = marshall(keyOf(item));
      const input = { TableName, Key, ...condition, ExpressionAttributeNames, ExpressionAttributeValues };
      await client.send(new DeleteItemCommand(input));
      return true;
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return false;
      throw notStored(item, error);
    }
  }

  return {
    get: async (key) => alive(await getRaw(key)),
    getMany,
    put,
    pages,
    removeDue,
    remove: async (key) => {
      const command = new DeleteItemCommand({ TableName, Key: marshall(keyOf(key)) });
      await client.send(command).catch((error: unknown) => Promise.reject(notStored(key, error)));
    },
  };
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

function keyOf({ pk, sk }: ItemKey): ItemKey {
  return { pk, sk };
}

function notStored({ pk, sk }: ItemKey, cause: unknown): OnejobError {
  return new OnejobError("not-stored", `${pk} ${sk}`, { cause });
}
