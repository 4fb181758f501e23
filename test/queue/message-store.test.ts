import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import type { Row } from "dynalite/db";
import { embeddedClient } from "../../runtime/entry/local/store/embedded-client";
import { dynamodbMessageStore, type StoredMessage } from "../../runtime/queue/message-store";

const messages = (count: number): StoredMessage[] =>
  Array.from({ length: count }, (_, n) => ({ id: `${n}`, message: { kind: "plan", profile: `p${n}` } }));

/** A table that takes at most `most` items of each batch. */
function slowTable(most: number): {
  readonly client: DynamoDBClient;
  readonly taken: unknown[];
  readonly sizes: number[];
} {
  const [taken, sizes]: [unknown[], number[]] = [[], []];
  const client = embeddedClient((_, request) => {
    const items = (request["RequestItems"] as Row)["queue"] as readonly unknown[];
    sizes.push(items.length);
    taken.push(...items.slice(0, most));
    const rest = items.slice(most);
    const body = { UnprocessedItems: rest.length > 0 ? { queue: rest } : {} };
    return Promise.resolve({ statusCode: 200, body });
  });
  return { client, taken, sizes };
}

describe("the queue's messages", () => {
  it("are stored in batches of 25, and what a batch did not take is sent again", async () => {
    const { client, taken, sizes } = slowTable(20);
    await dynamodbMessageStore(client, "queue").put(messages(30));
    expect(sizes).toEqual([25, 5, 5]);
    expect(taken).toHaveLength(30);
  });

  it("count as not stored when the table takes only part of them again and again", async () => {
    const { client } = slowTable(0);
    await expect(dynamodbMessageStore(client, "queue").put(messages(2))).rejects.toMatchObject({ code: "not-stored" });
  });

  it("count as not stored when the table fails", async () => {
    const store = dynamodbMessageStore(
      embeddedClient(() => Promise.reject(new Error("no space left"))),
      "queue",
    );
    await expect(store.put(messages(1))).rejects.toMatchObject({ code: "not-stored" });
  });
});
