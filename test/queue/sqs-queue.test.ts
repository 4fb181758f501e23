import type { SendMessageBatchRequestEntry, SQSClient } from "@aws-sdk/client-sqs";
import fc from "fast-check";
import type { Message } from "../../runtime/core/ports";
import { messageText, parseMessage } from "../../runtime/queue/message-text";
import { sqsQueue } from "../../runtime/queue/sqs-queue";

const plan = (profile: string): Message => ({ kind: "plan", profile });
const many = (count: number): Message[] => Array.from({ length: count }, (_, n) => plan(`p${n}`));

interface Refusal {
  readonly code: string;
  readonly sender: boolean;
}

/** SQS that refuses some entries the first times it sees them. */
class Sqs {
  readonly batches: SendMessageBatchRequestEntry[][] = [];
  readonly stored: string[] = [];
  refuse: (body: string, times: number) => Refusal | undefined = () => undefined;
  readonly #seen = new Map<string, number>();

  readonly queue = sqsQueue({
    client: { send: (command: object) => this.answer(command) } as Partial<SQSClient> as SQSClient,
    queueUrl: "http://127.0.0.1/q",
    log: { error: () => undefined },
  });

  private async answer({ input }: { input?: { Entries?: SendMessageBatchRequestEntry[] } }): Promise<object> {
    const entries = input?.Entries ?? [];
    this.batches.push(entries);
    const Failed = entries.flatMap(({ Id, MessageBody = "" }) => {
      const times = (this.#seen.get(MessageBody) ?? 0) + 1;
      this.#seen.set(MessageBody, times);
      const refusal = this.refuse(MessageBody, times);
      if (refusal === undefined) this.stored.push(MessageBody);
      return refusal === undefined ? [] : [{ Id, Code: refusal.code, SenderFault: refusal.sender }];
    });
    return { Failed };
  }
}

describe("sending to SQS", () => {
  let sqs: Sqs;
  beforeEach(() => (sqs = new Sqs()));

  it("goes by ten at most", async () => {
    await sqs.queue.send(many(23));
    expect(sqs.batches.map(({ length }) => length)).toEqual([10, 10, 3]);
    expect(sqs.stored).toHaveLength(23);
  });

  it("makes smaller batches of large messages", async () => {
    await sqs.queue.send(Array.from({ length: 4 }, (_, n) => plan(`${n}`.repeat(90_000))));
    expect(sqs.batches.map(({ length }) => length)).toEqual([2, 2]);
  });

  it("sends what was refused again, and only that", async () => {
    sqs.refuse = (body, times) =>
      body.includes("p1") && times === 1 ? { code: "InternalError", sender: false } : undefined;
    await sqs.queue.send(many(3));
    expect(sqs.batches.map(({ length }) => length)).toEqual([3, 1]);
    expect(sqs.stored).toHaveLength(3);
  });

  it.each([
    { refusal: { code: "InternalError", sender: false }, tries: 3 },
    { refusal: { code: "InvalidMessageContents", sender: true }, tries: 1 },
  ])("fails as not stored when one is refused with $refusal.code, after $tries tries", async ({ refusal, tries }) => {
    sqs.refuse = (body) => (body.includes("p1") ? refusal : undefined);
    await expect(sqs.queue.send(many(3))).rejects.toMatchObject({ code: "not-stored" });
    expect(sqs.batches).toHaveLength(tries);
  });

  it("delays what is for later, at most as long as SQS does", async () => {
    await sqs.queue.sendLater([plan("a")], 60_000);
    await sqs.queue.sendLater([plan("b")], 3_600_000);
    expect(sqs.batches.flat().map(({ DelaySeconds }) => DelaySeconds)).toEqual([60, 900]);
  });
});

describe("a message as text", () => {
  it("comes back as it was, whatever its texts hold, without what SQS refuses", () => {
    const text = fc.string({ unit: "binary", minLength: 1 });
    fc.assert(
      fc.property(text, text, (profile, runner) => {
        const message: Message = { kind: "retire", profile, runner, reason: null };
        const sent = messageText(message);
        expect(parseMessage(sent)).toEqual(message);
        expect(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/.test(sent)).toBe(false);
      }),
    );
  });

  it("is none of ours when it is anything else", () => {
    fc.assert(fc.property(fc.json(), (json) => expect(parseMessage(json)).toBeUndefined()));
  });
});
