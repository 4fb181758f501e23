/** Where the local queue keeps its messages, so that a restart finds them again. */
import {
  BatchWriteItemCommand,
  DeleteItemCommand,
  QueryCommand,
  type AttributeValue,
  type DynamoDBClient,
  type WriteRequest,
} from "@aws-sdk/client-dynamodb";
import { marshall, unmarshall } from "@aws-sdk/util-dynamodb";
import { OnejobError } from "../core/errors";
import type { Message } from "../core/ports";

export interface StoredMessage {
  /** Sorts by the time it was sent. */
  readonly id: string;
  readonly message: Message;
}

export interface MessageStore {
  /** Everything not removed, oldest first. */
  load(): Promise<readonly StoredMessage[]>;
  /** Throws `not-stored`; some may be stored all the same. */
  put(messages: readonly StoredMessage[]): Promise<void>;
  /** Gone already: no error. */
  remove(id: string): Promise<void>;
}

const pk = "QUEUE";
const batchSize = 25;
/** A batch may be taken in part; each try stores at least one. */
const triesPerBatch = 25;

/** On a table of the shape `queueTable`. */
export function dynamodbMessageStore(client: DynamoDBClient, table: string): MessageStore {
  const putBatch = async (batch: WriteRequest[]): Promise<void> => {
    let open = batch;
    for (let tries = 0; open.length > 0 && tries < triesPerBatch; tries++) {
      const answer = await client.send(new BatchWriteItemCommand({ RequestItems: { [table]: open } }));
      open = answer.UnprocessedItems?.[table] ?? [];
    }
    if (open.length > 0) throw new Error(`the table ${table} took only part of a batch`);
  };

  return {
    load: () => loadAll(client, table),
    put: async (messages) => {
      const requests = messages.map(putRequest);
      try {
        for (let at = 0; at < requests.length; at += batchSize) await putBatch(requests.slice(at, at + batchSize));
      } catch (cause) {
        throw new OnejobError("not-stored", "a message for the queue", { cause });
      }
    },
    remove: async (id) => {
      await client.send(new DeleteItemCommand({ TableName: table, Key: marshall({ pk, id }) }));
    },
  };
}

function putRequest({ id, message }: StoredMessage): WriteRequest {
  return { PutRequest: { Item: marshall({ pk, id, message }, { removeUndefinedValues: true }) } };
}

async function loadAll(client: DynamoDBClient, table: string): Promise<readonly StoredMessage[]> {
  const found: StoredMessage[] = [];
  let from: Record<string, AttributeValue> | undefined;
  do {
    const answer = await client.send(
      new QueryCommand({
        TableName: table,
        ConsistentRead: true,
        KeyConditionExpression: "pk = :pk",
        ExpressionAttributeValues: marshall({ ":pk": pk }),
        ExclusiveStartKey: from,
      }),
    );
    // Only `put` writes here, so what comes back has its shape.
    found.push(...(answer.Items ?? []).map((raw) => unmarshall(raw) as StoredMessage));
    from = answer.LastEvaluatedKey;
  } while (from !== undefined);
  return found;
}
