import { OnejobError } from "../../../runtime/core/errors";
import type { LogFields, Message } from "../../../runtime/core/ports";
import { workBatch } from "../../../runtime/entry/lambda/batch";
import { messageText } from "../../../runtime/queue/message-text";
import type { SqsRecord } from "../../../runtime/queue/sqs-records";

const plan = (profile: string): Message => ({ kind: "plan", profile });
const check = (runner: string): Message => ({ kind: "check", profile: "small", runner });
const rerun: Message = { kind: "rerun", job: "gh/github.com/1", profile: "small" };

const record = (id: string, message: Message | string, attempt = 1): SqsRecord => ({
  messageId: id,
  receiptHandle: `handle-${id}`,
  body: typeof message === "string" ? message : messageText(message),
  attributes: { ApproximateReceiveCount: String(attempt) },
});

class Bench {
  readonly worked: Message[] = [];
  readonly hidden: (readonly [string, number])[] = [];
  readonly later: (readonly [readonly Message[], number])[] = [];
  readonly warned: LogFields[] = [];
  /** By kind: what its flow throws. */
  readonly failures = new Map<string, Error>();
  queueFails = false;

  async run(...Records: readonly SqsRecord[]): Promise<readonly string[]> {
    const answer = await workBatch(
      { Records },
      {
        work: async (message) => {
          this.worked.push(message);
          const failure = this.failures.get(message.kind);
          if (failure !== undefined) throw failure;
        },
        queue: {
          retry: async (id, delayMs) => this.unlessFailing(() => void this.hidden.push([id, delayMs])),
          sendLater: async (messages, delayMs) => this.unlessFailing(() => void this.later.push([messages, delayMs])),
        },
        log: { warn: (_, fields = {}) => void this.warned.push(fields) },
      },
    );
    return answer.batchItemFailures.map(({ itemIdentifier }) => itemIdentifier);
  }

  private unlessFailing(act: () => void): void {
    if (this.queueFails) throw new Error("SQS does not answer");
    act();
  }
}

describe("a batch of the queue", () => {
  let bench: Bench;
  beforeEach(() => (bench = new Bench()));

  it("handles equal messages once, and counts all of them as done", async () => {
    expect(await bench.run(record("1", plan("a")), record("2", plan("b")), record("3", plan("a")))).toEqual([]);
    expect(bench.worked).toEqual([plan("a"), plan("b")]);
  });

  it("handles each message of a kind that says something of its own", async () => {
    await bench.run(record("1", check("r1")), record("2", check("r1")));
    expect(bench.worked).toHaveLength(2);
  });

  it("fails every one of the equal messages when their one handling fails", async () => {
    bench.failures.set("plan", new Error("no"));
    expect(await bench.run(record("1", plan("a"), 1), record("2", plan("a"), 3))).toEqual(["1", "2"]);
    expect(bench.hidden).toEqual([
      ["handle-1", 1_000],
      ["handle-2", 4_000],
    ]);
  });

  it.each([
    { attempt: 1, delayMs: 1_000 },
    { attempt: 2, delayMs: 2_000 },
    { attempt: 3, delayMs: 4_000 },
    { attempt: 9, delayMs: 256_000 },
    { attempt: 10, delayMs: 300_000 },
    { attempt: 1_000, delayMs: 300_000 },
  ])("shows a message that failed $attempt times again after $delayMs ms", async ({ attempt, delayMs }) => {
    bench.failures.set("check", new Error("no"));
    expect(await bench.run(record("1", check("r1"), attempt))).toEqual(["1"]);
    expect(bench.hidden).toEqual([["handle-1", delayMs]]);
  });

  it("shows a message that met a conflict again after a second, however often it did", async () => {
    bench.failures.set("check", new OnejobError("conflict"));
    await bench.run(record("1", check("r1"), 8));
    expect(bench.hidden).toEqual([["handle-1", 1_000]]);
  });

  it.each([
    "",
    "{",
    "null",
    "[]",
    '"plan"',
    '{"kind":"plan"}',
    '{"kind":"constructor"}',
    '{"kind":"check","profile":"p"}',
  ])("fails the poisoned record %j alone", async (poison) => {
    expect(await bench.run(record("1", poison), record("2", plan("a")))).toEqual(["1"]);
    expect(bench.worked).toEqual([plan("a")]);
  });

  it("takes a receive count that makes no sense for the first", async () => {
    bench.failures.set("check", new Error("no"));
    await bench.run({ ...record("1", check("r1")), attributes: { ApproximateReceiveCount: "many" } });
    expect(bench.hidden).toEqual([["handle-1", 1_000]]);
  });

  it("fails what failed all the same when it cannot be hidden briefly", async () => {
    bench.failures.set("plan", new Error("no"));
    bench.queueFails = true;
    expect(await bench.run(record("1", plan("a")), record("2", check("r1")))).toEqual(["1"]);
    expect(bench.warned).toHaveLength(2);
  });

  it("puts off what may be run again only when its run is over, as often as it takes", async () => {
    bench.failures.set("rerun", new OnejobError("conflict"));
    expect(await bench.run(record("1", rerun, 3))).toEqual([]);
    expect(bench.later).toEqual([[[rerun], 60_000]]);
  });

  it("fails it where it cannot be put off, or fails for another reason", async () => {
    bench.failures.set("rerun", new OnejobError("conflict"));
    bench.queueFails = true;
    expect(await bench.run(record("1", rerun))).toEqual(["1"]);
    bench.queueFails = false;
    bench.failures.set("rerun", new OnejobError("source-unreachable"));
    expect(await bench.run(record("1", rerun))).toEqual(["1"]);
    expect(bench.later).toEqual([]);
  });

  it("names what failed in the log, and nothing of what it carries", async () => {
    bench.failures.set("check", new Error("no"));
    await bench.run(record("1", check("r1"), 2));
    expect(bench.warned).toEqual([
      { message: "1", kind: "check", profile: "small", runner: "r1", attempt: 2, error: expect.any(Error) as Error },
    ]);
  });
});
