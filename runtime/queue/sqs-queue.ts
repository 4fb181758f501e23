/**
 * The `Queue` port on SQS. In Lambda the platform receives and removes by itself, and only `send`, `sendLater` and `retry`
 * are called; the rest is for whoever works without it. What fails too often goes to the queue's dead letters.
 */
import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  type Message as SqsMessage,
  type SendMessageBatchRequestEntry,
  type SQSClient,
} from "@aws-sdk/client-sqs";
import { OnejobError } from "../core/errors";
import type { Log, Message, Queue, Received } from "../core/ports";
import { messageText, parseMessage } from "./message-text";

export interface SqsQueueOptions {
  readonly client: SQSClient;
  readonly queueUrl: string;
  readonly log: Pick<Log, "error">;
  /** Ends waiting receivers, empty-handed. */
  readonly closing?: AbortSignal;
}

export interface SqsQueue extends Queue {
  /** Like `send`, shown after `delayMs`, at most 15 minutes. */
  sendLater(messages: readonly Message[], delayMs: number): Promise<void>;
}

/** Of one call: entries, and bytes of all bodies together, well below the limit. */
const batchEntries = 10;
const batchBytes = 200 * 1024;
/** An entry may be refused while the others are taken. */
const triesPerBatch = 3;
const longestWaitSeconds = 20;
const longestHiddenSeconds = 12 * 3_600;
const longestDelaySeconds = 15 * 60;

export function sqsQueue(options: SqsQueueOptions): SqsQueue {
  const { client, queueUrl: QueueUrl } = options;
  return {
    send: (messages) => sendAll(messages, 0, options),
    sendLater: (messages, delayMs) => sendAll(messages, Math.min(longestDelaySeconds, seconds(delayMs)), options),
    receive: (max, waitMs) => receive(max, waitMs, options),
    done: (id) => unlessGone(client.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: id }))),
    retry: (id, delayMs) => {
      const VisibilityTimeout = Math.min(longestHiddenSeconds, seconds(delayMs));
      return unlessGone(
        client.send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle: id, VisibilityTimeout })),
      );
    },
    depth: () => depth(options),
  };
}

function seconds(ms: number): number {
  return Math.max(0, Math.ceil(ms / 1_000));
}

async function sendAll(messages: readonly Message[], delaySeconds: number, options: SqsQueueOptions): Promise<void> {
  const bodies = messages.map(messageText);
  try {
    await Promise.all(batchesOf(bodies).map((batch) => sendBatch(batch, delaySeconds, options)));
  } catch (cause) {
    throw new OnejobError("not-stored", "a message for the queue", { cause });
  }
}

function batchesOf(bodies: readonly string[]): readonly (readonly string[])[] {
  const batches: string[][] = [];
  let bytes = 0;
  for (const body of bodies) {
    const size = Buffer.byteLength(body);
    const last = batches.at(-1);
    if (last === undefined || last.length === batchEntries || bytes + size > batchBytes) {
      batches.push([body]);
      bytes = size;
    } else {
      last.push(body);
      bytes += size;
    }
  }
  return batches;
}

/** What was stored when another entry was not is sent no second time, though that would do no harm. */
async function sendBatch(bodies: readonly string[], delaySeconds: number, options: SqsQueueOptions): Promise<void> {
  const { client, queueUrl: QueueUrl } = options;
  let open: SendMessageBatchRequestEntry[] = bodies.map((MessageBody, at) => ({
    Id: String(at),
    MessageBody,
    ...(delaySeconds > 0 ? { DelaySeconds: delaySeconds } : {}),
  }));
  for (let tries = 1; ; tries++) {
    const { Failed = [] } = await client.send(new SendMessageBatchCommand({ QueueUrl, Entries: open }));
    if (Failed.length === 0) return;
    const [first] = Failed;
    const hopeless = Failed.some(({ SenderFault }) => SenderFault === true);
    if (hopeless || tries === triesPerBatch)
      throw new Error(`SQS refused ${Failed.length} of ${open.length} entries: ${first?.Code ?? "no code"}`);
    const again = new Set(Failed.map(({ Id }) => Id));
    open = open.filter(({ Id }) => again.has(Id));
  }
}

/** As long as there are some at once, up to `max`; only for the first is waited. */
async function receive(max: number, waitMs: number, options: SqsQueueOptions): Promise<readonly Received[]> {
  const { client, queueUrl: QueueUrl, closing } = options;
  const received: Received[] = [];
  while (received.length < max && closing?.aborted !== true) {
    const input = {
      QueueUrl,
      MaxNumberOfMessages: Math.min(batchEntries, max - received.length),
      WaitTimeSeconds: received.length > 0 ? 0 : Math.min(longestWaitSeconds, seconds(waitMs)),
      MessageSystemAttributeNames: ["ApproximateReceiveCount" as const],
    };
    const abortSignal = closing ?? new AbortController().signal;
    const { Messages = [] } = await client.send(new ReceiveMessageCommand(input), { abortSignal }).catch(noneIfAborted);
    if (Messages.length === 0) return received;
    received.push(...Messages.flatMap((message) => readMessage(message, options)));
  }
  return received;
}

function noneIfAborted(error: unknown): { readonly Messages?: SqsMessage[] } {
  if (error instanceof Error && error.name === "AbortError") return {};
  throw error;
}

/** One that says nothing to us stays hidden, and comes to the dead letters after a while. */
function readMessage({ Body = "", ReceiptHandle = "", Attributes, MessageId }: SqsMessage, { log }: SqsQueueOptions) {
  const message = parseMessage(Body);
  if (message === undefined) log.error("message on the queue is none of ours", { messageId: MessageId });
  const attempt = Number(Attributes?.ApproximateReceiveCount ?? 1);
  return message === undefined ? [] : [{ id: ReceiptHandle, message, attempt }];
}

const gone = new Set(["ReceiptHandleIsInvalid", "MessageNotInflight", "InvalidParameterValue", "InvalidIdFormat"]);

async function unlessGone(call: Promise<unknown>): Promise<void> {
  try {
    await call;
  } catch (error) {
    if (!(error instanceof Error) || !gone.has(error.name)) throw error;
  }
}

async function depth({ client, queueUrl }: SqsQueueOptions): Promise<number> {
  const AttributeNames = [
    "ApproximateNumberOfMessages" as const,
    "ApproximateNumberOfMessagesNotVisible" as const,
    "ApproximateNumberOfMessagesDelayed" as const,
  ];
  const { Attributes = {} } = await client.send(new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames }));
  return AttributeNames.reduce((sum, name) => sum + Number(Attributes[name] ?? 0), 0);
}
