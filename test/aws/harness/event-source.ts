/**
 * Lambda's own part between queue and function: batches of ten, what did not fail is removed, the rest comes again: when
 * the function wished it to, or at once.
 */
import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  type SQSClient,
} from "@aws-sdk/client-sqs";
import { setTimeout as sleep } from "node:timers/promises";
import type { BatchAnswer, SqsRecord } from "../../../runtime/queue/sqs-records";

export interface EventSource {
  readonly sqs: SQSClient;
  readonly queueUrl: string;
  readonly invoke: (Records: readonly SqsRecord[]) => Promise<BatchAnswer>;
  /** What one invocation is given at most. @default 10 */
  readonly batch?: number;
  /** What failed comes again at once, however long the function hid it. @default true */
  readonly hurries?: boolean;
  /** Told of what failed, with its record. */
  readonly onFailure?: (body: string) => void;
}

const restMs = 25;
/** As the queue of a fleet has it: then a message is among the dead letters. */
const mostReceives = 10;

/** Until `signal` aborts. */
export async function feed(source: EventSource, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    // Lambda goes on, too, whatever the queue says.
    const handled = await feedOnce(source).catch(() => 0);
    if (handled === 0) await sleep(restMs, undefined, { signal }).catch(() => undefined);
  }
}

/** Answers how many there were. */
export async function feedOnce(source: EventSource): Promise<number> {
  const { sqs, queueUrl: QueueUrl, invoke, batch = 10, hurries = true, onFailure } = source;
  const { Messages = [] } = await sqs.send(
    new ReceiveMessageCommand({
      QueueUrl,
      MaxNumberOfMessages: batch,
      VisibilityTimeout: 120,
      MessageSystemAttributeNames: ["ApproximateReceiveCount"],
    }),
  );
  if (Messages.length === 0) return 0;
  const records = Messages.map(({ MessageId = "", ReceiptHandle = "", Body = "", Attributes = {} }) => ({
    ...{ messageId: MessageId, receiptHandle: ReceiptHandle, body: Body },
    attributes: { ApproximateReceiveCount: Attributes.ApproximateReceiveCount ?? "1" },
  }));
  // A function that throws, or dies, has done none of it.
  const answer = await invoke(records).catch(() => undefined);
  const failed = new Set(
    answer === undefined
      ? records.map(({ messageId }) => messageId)
      : answer.batchItemFailures.map(({ itemIdentifier }) => itemIdentifier),
  );
  await Promise.all(
    records.map(async ({ messageId, receiptHandle: ReceiptHandle, body, attributes }) => {
      if (!failed.has(messageId)) return void (await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle })));
      onFailure?.(body);
      const isDead = Number(attributes.ApproximateReceiveCount) >= mostReceives;
      if (isDead) await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
      else if (hurries || answer === undefined)
        await sqs.send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout: 0 }));
    }),
  );
  return records.length;
}

/** Visible, in hand, and put off. */
export async function depthOf(sqs: SQSClient, QueueUrl: string): Promise<number> {
  const names = ["", "NotVisible", "Delayed"].map((kind) => `ApproximateNumberOfMessages${kind}` as const);
  const AttributeNames = names as ("ApproximateNumberOfMessages" | "ApproximateNumberOfMessagesNotVisible")[];
  const { Attributes = {} } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames }));
  return names.reduce((sum, name) => sum + Number((Attributes as Record<string, string>)[name] ?? 0), 0);
}
