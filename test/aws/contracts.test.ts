import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import { CreateTableCommand, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { CreateQueueCommand, SQSClient } from "@aws-sdk/client-sqs";
import { createHash, randomBytes } from "node:crypto";
import { buffer } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { nodeRandom, systemClock } from "../../runtime/entry/host/node-random";
import { bucketFiles } from "../../runtime/entry/lambda/bucket-files";
import { createTableInput } from "../../runtime/ledger/create-table-input";
import { openLedger } from "../../runtime/ledger/dynamodb-ledger";
import { ledgerTable } from "../../runtime/ledger/table";
import { sqsQueue } from "../../runtime/queue/sqs-queue";
import { directFilesContract } from "../contract/direct-files.contract";
import { filesContract } from "../contract/files.contract";
import { ledgerContract } from "../contract/ledger.contract";
import { queueContract } from "../contract/queue.contract";
import { useMoto } from "./fleet-world";
import { clientConfig } from "./moto";
import { AwsProxy } from "./proxy/aws-proxy";

const url = useMoto();
const done = (): Promise<void> => Promise.resolve();

queueContract(
  "SQS",
  async ({ log, visibilityMs }) => {
    const client = new SQSClient(clientConfig(url()));
    const Attributes = { VisibilityTimeout: String(visibilityMs / 1_000) };
    const made = await client.send(new CreateQueueCommand({ QueueName: nodeRandom.id(12), Attributes }));
    const closing = new AbortController();
    const open = () => ({
      ...sqsQueue({ client, queueUrl: made.QueueUrl ?? "", log, closing: closing.signal }),
      close: () => closing.abort(),
    });
    const queue = open();
    const passed = async (ms: number): Promise<void> =>
      sleep(Math.ceil(ms / 1_000) * 1_000 + 200).then(() => undefined);
    return { queue, restart: () => Promise.resolve(open()), passed, close: done };
  },
  [
    {
      reason: "SQS waits by itself, by its own clock, and in whole seconds (test/aws/sqs-queue.test.ts)",
      promises: [
        "wakes a waiting receiver with the first message",
        "wakes a waiting receiver when a message is given back, or becomes visible again",
        "ends waiting empty-handed after the time asked for",
        "ends waiting when it is closed",
        "gives one message to one of two waiting receivers",
      ],
    },
    {
      reason: "what was received stays hidden for its time, whoever dies: others may be at work on it",
      promises: ["shows everything not done again after a restart, oldest first"],
    },
    {
      reason: "what fails too often goes to the queue's dead letters, by its redrive policy",
      promises: ["drops a message after 20 attempts, says so, and does not keep it for the next start"],
    },
  ],
);

const bucketOf = async ({ partBytes }: { readonly partBytes?: number } = {}) => {
  const client = new S3Client({ ...clientConfig(url()), forcePathStyle: true });
  const bucket = nodeRandom.id(12);
  const CreateBucketConfiguration = { LocationConstraint: "eu-west-1" } as const;
  await client.send(new CreateBucketCommand({ Bucket: bucket, CreateBucketConfiguration }));
  const parts = partBytes === undefined ? {} : { partBytes };
  return bucketFiles({ client, bucket, clock: systemClock, endpoint: url(), ...parts });
};

filesContract("S3", async () => ({ files: await bucketOf(), close: done }));
directFilesContract("S3", () => bucketOf());

describe("a bundle that is stored in parts", () => {
  // S3 takes no smaller ones, but for the last.
  const partBytes = 5 * 1024 * 1024;
  it.each([partBytes - 1, partBytes, partBytes + 1, 2 * partBytes, 2 * partBytes + 7])(
    "is whole at %i bytes, and shows nothing when it breaks off",
    async (size) => {
      const files = await bucketOf({ partBytes });
      const content = randomBytes(size);
      const pieces = async function* (fails: Error | undefined) {
        for (let from = 0; from < size; from += 700_001) yield content.subarray(from, from + 700_001);
        if (fails !== undefined) throw fails;
      };
      const broken = new Error("it broke off");
      await expect(files.putBundle("api/local/1", pieces(broken))).rejects.toBe(broken);
      expect(await files.openBundle("api/local/1")).toBeUndefined();
      const sha256 = createHash("sha256").update(content).digest("hex");
      expect(await files.putBundle("api/local/1", pieces(undefined))).toEqual({ bytes: size, sha256 });
      const stored = await buffer((await files.openBundle("api/local/1")) ?? pieces(broken));
      expect(stored.equals(content)).toBe(true);
    },
  );
});

let proxy: AwsProxy;
let oneByOne: string;
beforeAll(async () => {
  proxy = AwsProxy.start(url());
  oneByOne = (await proxy.open("test")).url;
});
afterAll(() => proxy.stop());

ledgerContract("DynamoDB", async (options) => {
  // Conditions of calls at once are what is tested here: moto alone does not keep them apart.
  const client = new DynamoDBClient(clientConfig(oneByOne));
  const table = nodeRandom.id(12);
  await client.send(new CreateTableCommand(createTableInput(table, ledgerTable)));
  return { ledger: await openLedger({ client, table, random: nodeRandom, ...options }), close: done };
});
