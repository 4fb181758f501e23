import {
  ConditionalCheckFailedException,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
} from "@aws-sdk/client-dynamodb";
import { nodeRandom } from "../../../runtime/entry/host/node-random";
import { openLedger } from "../../../runtime/ledger/dynamodb-ledger";
import { ledgerContract } from "../../contract/ledger.contract";
import { clientConfig } from "../moto";
import { AwsProxy } from "./aws-proxy";
import { EmbeddedTable } from "./embedded-table";

const name = "a-table";

async function open() {
  const table = await EmbeddedTable.open(name);
  const proxy = AwsProxy.start("http://127.0.0.1:1", { table });
  const client = new DynamoDBClient(clientConfig((await proxy.open("test")).url));
  const close = async (): Promise<void> => {
    client.destroy();
    await proxy.stop();
    await table.close();
  };
  return { table, proxy, client, close };
}

ledgerContract("the embedded table, on the wire", async (options) => {
  const { client, close } = await open();
  return { ledger: await openLedger({ client, table: name, random: nodeRandom, ...options }), close };
});

describe("the embedded table", () => {
  let opened: Awaited<ReturnType<typeof open>>;
  beforeEach(async () => (opened = await open()));
  afterEach(() => opened.close());

  const put = (version: number, changes: object = {}) =>
    opened.client.send(
      new PutItemCommand({
        TableName: name,
        Item: { pk: { S: "p" }, sk: { S: "s" }, version: { N: String(version) } },
        ConditionExpression: "attribute_not_exists(#pk) OR #version = :before",
        ExpressionAttributeNames: { "#pk": "pk", "#version": "version" },
        ExpressionAttributeValues: { ":before": { N: String(version - 1) } },
        ...changes,
      }),
    );
  const refusalOf = (sent: Promise<unknown>): Promise<unknown> => sent.catch((error: unknown) => error);

  it("tells a refused write what stood against it, where that was asked for", async () => {
    await put(1);
    const told = await refusalOf(put(1, { ReturnValuesOnConditionCheckFailure: "ALL_OLD" }));
    expect(told).toBeInstanceOf(ConditionalCheckFailedException);
    expect(told).toMatchObject({ Item: { pk: { S: "p" }, version: { N: "1" } }, $metadata: { httpStatusCode: 400 } });
    const { Item } = (await refusalOf(put(1))) as ConditionalCheckFailedException;
    expect(Item).toBeUndefined();
  });

  it("tells each of many at once of a version that stood against its own", async () => {
    await put(1);
    const told = await Promise.all(
      Array.from({ length: 20 }, () => refusalOf(put(2, { ReturnValuesOnConditionCheckFailure: "ALL_OLD" }))),
    );
    const refused = told.filter((one) => one instanceof ConditionalCheckFailedException);
    expect(refused).toHaveLength(19);
    expect(new Set(refused.map(({ Item }) => Item?.["version"]?.N))).toEqual(new Set(["2"]));
  });

  it("refuses to read a global index consistently", async () => {
    const query = new QueryCommand({
      ...{ TableName: name, IndexName: "byId", ConsistentRead: true },
      KeyConditionExpression: "lowerId = :id",
      ExpressionAttributeValues: { ":id": { S: "1" } },
    });
    await expect(opened.client.send(query)).rejects.toMatchObject({ name: "ValidationException" });
  });

  it("has its calls counted, delayed and cut as moto's are", async () => {
    opened.proxy.upset({ service: "dynamodb", how: "throttle" });
    await expect(put(1)).rejects.toMatchObject({ name: "ThrottlingException" });
    opened.proxy.upset({ action: "PutItem", how: "lose" });
    await expect(put(1)).rejects.toThrow();
    expect(await refusalOf(put(1))).toBeInstanceOf(ConditionalCheckFailedException);
    expect(opened.proxy.calls.count({ service: "dynamodb", action: "PutItem" })).toBe(3);
  });

  it("is the same for whoever asks it past the proxy", async () => {
    await put(1);
    const Key = { pk: { S: "p" }, sk: { S: "s" } };
    const { Item } = await opened.table.client.send(new GetItemCommand({ TableName: name, Key }));
    expect(Item).toMatchObject({ version: { N: "1" } });
  });
});
