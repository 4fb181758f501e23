/**
 * Messages of a fleet that failed too often and were put aside, in a queue of their own. To read one is to hide it from
 * others for a while, so whoever takes some gives them back.
 */
import type { Env } from "./asking";
import { asking, clientOptions } from "./asking";
import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from "./aws";

export interface DeadLetter {
  readonly id: string;
  readonly body: string;
  /** When it was first sent; it is kept for 14 days from then on. */
  readonly sentAt: string | null;
  /** How often it was received, here included. */
  readonly receives: number;
  /** Of this receipt. */
  readonly handle: string;
}

export interface DeadLetters {
  /** At most so many, none twice; hidden from others for `hideMs`. */
  take(most: number, hideMs: number): Promise<readonly DeadLetter[]>;
  /** Shows them again at once. */
  giveBack(letters: readonly DeadLetter[]): Promise<void>;
  /** Sent first, deleted then: a crash in between makes a second one, which does no harm, and never none. */
  replay(letter: DeadLetter): Promise<void>;
  /** Roughly, as SQS says. */
  count(): Promise<number>;
}

export interface Queues {
  readonly queueUrl: string;
  readonly deadLetterQueueUrl: string;
}

const perCall = 10;
/** Above 0, all of SQS's servers are asked, and none that has one is left out. */
const waitSeconds = 1;

const deadQueue = "the queue of its dead letters";

/** Throws as `Asked`; `fleet-incomplete` for a queue that is gone. */
export function openDeadLetters({ queueUrl, deadLetterQueueUrl }: Queues, env: Env): DeadLetters {
  const sqs = new SQSClient(clientOptions(env, "SQS"));
  const asked = asking(env);
  const dead = { QueueUrl: deadLetterQueueUrl };
  const giveBack = async (letters: readonly DeadLetter[]): Promise<void> => {
    const show = ({ handle }: DeadLetter) =>
      sqs.send(new ChangeMessageVisibilityCommand({ ...dead, ReceiptHandle: handle, VisibilityTimeout: 0 }));
    // A courtesy: they show again by themselves.
    for (const some of chunks(letters)) await Promise.allSettled(some.map(show));
  };
  return {
    giveBack,
    take: (most, hideMs) =>
      asked(deadQueue, async () => {
        const taken = new Map<string, DeadLetter>();
        try {
          while (taken.size < most) {
            const some = await receive(sqs, { ...dead, most: most - taken.size, hideMs });
            if (some.length === 0) break;
            for (const letter of some) taken.set(letter.id, letter);
          }
        } catch (error) {
          await giveBack([...taken.values()]);
          throw error;
        }
        return [...taken.values()];
      }),
    async replay({ id, body, handle }) {
      await asked(`its queue, for ${id}`, () =>
        sqs.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: body })),
      );
      await asked(`${deadQueue}, for ${id}`, () =>
        sqs.send(new DeleteMessageCommand({ ...dead, ReceiptHandle: handle })),
      );
    },
    count: () =>
      asked(deadQueue, async () => {
        const AttributeNames = ["ApproximateNumberOfMessages" as const];
        const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ ...dead, AttributeNames }));
        return Number(Attributes?.ApproximateNumberOfMessages ?? 0);
      }),
  };
}

interface Wanted {
  readonly QueueUrl: string;
  readonly most: number;
  readonly hideMs: number;
}

async function receive(sqs: SQSClient, { QueueUrl, most, hideMs }: Wanted): Promise<readonly DeadLetter[]> {
  const { Messages = [] } = await sqs.send(
    new ReceiveMessageCommand({
      QueueUrl,
      MaxNumberOfMessages: Math.min(perCall, most),
      WaitTimeSeconds: waitSeconds,
      VisibilityTimeout: Math.ceil(hideMs / 1_000),
      MessageSystemAttributeNames: ["SentTimestamp", "ApproximateReceiveCount"],
    }),
  );
  return Messages.map(({ MessageId = "", Body = "", ReceiptHandle = "", Attributes = {} }) => ({
    id: MessageId,
    body: Body,
    sentAt: Attributes.SentTimestamp === undefined ? null : new Date(Number(Attributes.SentTimestamp)).toISOString(),
    receives: Number(Attributes.ApproximateReceiveCount ?? 1),
    handle: ReceiptHandle,
  }));
}

function chunks<T>(all: readonly T[]): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(all.length / perCall) }, (_, at) =>
    all.slice(at * perCall, (at + 1) * perCall),
  );
}
