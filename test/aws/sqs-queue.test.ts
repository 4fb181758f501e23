import { CreateQueueCommand, SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { nodeRandom } from "../../runtime/entry/host/node-random";
import type { LogFields, Message } from "../../runtime/core/ports";
import { sqsQueue } from "../../runtime/queue/sqs-queue";
import { useMoto } from "./fleet-world";
import { clientConfig } from "./moto";

const url = useMoto();
const plan: Message = { kind: "plan", profile: "a" };

async function open() {
  const client = new SQSClient(clientConfig(url()));
  const { QueueUrl = "" } = await client.send(new CreateQueueCommand({ QueueName: nodeRandom.id(12) }));
  const closing = new AbortController();
  const errors: LogFields[] = [];
  const log = { error: (_: string, fields: LogFields = {}) => void errors.push(fields) };
  const queue = sqsQueue({ client, queueUrl: QueueUrl, log, closing: closing.signal });
  return { client, queueUrl: QueueUrl, queue, closing, errors };
}

describe("receiving from SQS", () => {
  it("wakes with the first message, long before the time asked for is over", async () => {
    const { queue } = await open();
    const waiting = queue.receive(1, 20_000);
    await queue.send([plan]);
    expect((await waiting).map(({ message }) => message)).toEqual([plan]);
  });

  it("ends empty-handed after the time asked for", async () => {
    const { queue } = await open();
    expect(await queue.receive(1, 1_000)).toEqual([]);
  });

  it("ends empty-handed when it is closed", async () => {
    const { queue, closing } = await open();
    const waiting = queue.receive(1, 20_000);
    closing.abort();
    expect(await waiting).toEqual([]);
    expect(await queue.receive(1, 20_000)).toEqual([]);
  });

  it("gives one message to one of two that wait", async () => {
    const { queue } = await open();
    const both = [queue.receive(1, 2_000), queue.receive(1, 2_000)];
    await queue.send([plan]);
    expect((await Promise.all(both)).flat()).toHaveLength(1);
  });

  it("leaves what is none of ours to the dead letters, and says so", async () => {
    const { client, queueUrl, queue, errors } = await open();
    await client.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: "hello" }));
    expect(await queue.receive(10, 0)).toEqual([]);
    expect(errors).toHaveLength(1);
    expect(await queue.depth()).toBe(1);
  });

  it("shows what is for later only then", async () => {
    const { queue } = await open();
    await queue.sendLater([plan], 2_000);
    expect(await queue.depth()).toBe(1);
    expect(await queue.receive(1, 0)).toEqual([]);
    expect(await queue.receive(1, 10_000)).toHaveLength(1);
  });
});
