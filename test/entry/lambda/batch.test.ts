import { OnejobError } from "../../../runtime/core/errors";
import type { JobEvent } from "../../../runtime/core/events";
import type { LogFields, Message } from "../../../runtime/core/ports";
import { workBatch } from "../../../runtime/entry/lambda/batch";
import { PlansToMake } from "../../../runtime/entry/lambda/plans-to-make";
import { messageText } from "../../../runtime/queue/message-text";
import type { SqsRecord } from "../../../runtime/queue/sqs-records";
import { noon, someFacts } from "../../fixtures/records";

const plan = (profile: string): Message => ({ kind: "plan", profile });
const check = (runner: string): Message => ({ kind: "check", profile: "small", runner });
const someEvent: JobEvent = {
  kind: "queued",
  facts: someFacts(),
  at: noon,
  receivedAt: noon,
  delivery: "d1",
  runnerName: null,
  succeeded: null,
};
const jobEvent: Message = { kind: "job-event", event: someEvent };
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
  /** Runs while a message of this kind is worked on. */
  readonly meanwhile = new Map<string, () => Promise<void>>();
  now = noon;
  isOver = false;
  readonly cut = new AbortController();
  /** What went on the queue. */
  readonly sent: Message[] = [];
  readonly plans = new PlansToMake({
    send: async (messages) => this.unlessFailing(() => void this.sent.push(...messages)),
  });

  async run(...Records: readonly SqsRecord[]): Promise<readonly string[]> {
    const answer = await workBatch(
      { Records },
      {
        work: async (message) => {
          this.worked.push(message);
          await this.meanwhile.get(message.kind)?.();
          const failure = this.failures.get(message.kind);
          if (failure !== undefined) throw failure;
        },
        queue: {
          retry: async (id, delayMs) => this.unlessFailing(() => void this.hidden.push([id, delayMs])),
          sendLater: async (messages, delayMs) => this.unlessFailing(() => void this.later.push([messages, delayMs])),
        },
        plans: this.plans,
        log: { warn: (_, fields = {}) => void this.warned.push(fields) },
        clock: { now: () => this.now },
        time: { isOver: () => this.isOver || this.cut.signal.aborted, cut: this.cut.signal },
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
      ["handle-1", 4_000],
      ["handle-2", 16_000],
    ]);
  });

  it.each([
    { attempt: 1, delayMs: 4_000 },
    { attempt: 2, delayMs: 8_000 },
    { attempt: 3, delayMs: 16_000 },
    { attempt: 8, delayMs: 512_000 },
    { attempt: 9, delayMs: 900_000 },
    { attempt: 1_000, delayMs: 900_000 },
  ])("shows a message that failed $attempt times again after $delayMs ms", async ({ attempt, delayMs }) => {
    bench.failures.set("check", new Error("no"));
    expect(await bench.run(record("1", check("r1"), attempt))).toEqual(["1"]);
    expect(bench.hidden).toEqual([["handle-1", delayMs]]);
  });

  it("shows a message that met a conflict for the first time again after a second", async () => {
    bench.failures.set("check", new OnejobError("conflict"));
    await bench.run(record("1", check("r1")));
    expect(bench.hidden).toEqual([["handle-1", 1_000]]);
  });

  it.each(["conflict", "source-unreachable", "source-throttled", "internal"] as const)(
    "does not let ten receives of %s go by in half an hour, so that nothing dies of what passes by itself",
    async (code) => {
      bench.failures.set("check", new OnejobError(code));
      for (let attempt = 1; attempt < 10; attempt++) await bench.run(record("1", check("r1"), attempt));
      const waitedMs = bench.hidden.reduce((sum, [, delayMs]) => sum + delayMs, 0);
      expect(waitedMs).toBeGreaterThan(30 * 60_000);
    },
  );

  it.each([
    { why: "as long as the source says", details: { retryAt: noon + 1_800_000 }, delayMs: 1_800_000 },
    { why: "an hour at most", details: { retryAt: noon + 86_400_000 }, delayMs: 3_600_000 },
    { why: "as usual when that is over", details: { retryAt: noon - 1 }, delayMs: 4_000 },
    { why: "as usual when it says nothing", details: undefined, delayMs: 4_000 },
    { why: "as usual when it says nonsense", details: { retryAt: "soon" }, delayMs: 4_000 },
  ])("hides what was throttled $why", async ({ details, delayMs }) => {
    bench.failures.set("check", new OnejobError("source-throttled", "gh", { details }));
    await bench.run(record("1", check("r1")));
    expect(bench.hidden).toEqual([["handle-1", delayMs]]);
  });

  it("begins nothing when its time is over, and shows all of it again in a moment", async () => {
    bench.isOver = true;
    expect(await bench.run(record("1", plan("a")), record("2", check("r1"), 7), record("3", rerun))).toEqual([
      "1",
      "2",
      "3",
    ]);
    expect(bench.worked).toEqual([]);
    expect(bench.hidden.map(([, delayMs]) => delayMs)).toEqual([1_000, 1_000, 1_000]);
    expect(bench.later).toEqual([]);
  });

  it("answers what is unfinished when it has to answer, and leaves alone what is done", async () => {
    bench.meanwhile.set("check", () => {
      setImmediate(() => bench.cut.abort());
      return new Promise(() => undefined);
    });
    expect(await bench.run(record("1", check("r1"), 5), record("2", plan("a")))).toEqual(["1"]);
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
    expect(bench.hidden).toEqual([["handle-1", 4_000]]);
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
      { messageId: "1", kind: "check", profile: "small", runner: "r1", attempt: 2, error: expect.any(Error) as Error },
    ]);
  });
});

describe("the plans that a batch asks for", () => {
  let bench: Bench;
  beforeEach(() => (bench = new Bench()));
  const asking = (...profiles: readonly string[]): void => {
    bench.meanwhile.set("check", () => bench.plans.send(profiles.map(plan)));
  };

  it("are made by the same function, once each, after all its messages", async () => {
    asking("a", "b");
    expect(await bench.run(record("1", check("r1")), record("2", check("r2")))).toEqual([]);
    expect(bench.worked).toEqual([check("r1"), check("r2"), plan("a"), plan("b")]);
    expect(bench.sent).toEqual([]);
  });

  it("go on the queue when they cannot be made now, and no message comes again for that", async () => {
    asking("a");
    bench.failures.set("plan", new OnejobError("conflict", "planning of profile a"));
    expect(await bench.run(record("1", check("r1")))).toEqual([]);
    expect(bench.sent).toEqual([plan("a")]);
  });

  it("go on the queue when the time of the function is over", async () => {
    bench.meanwhile.set("check", async () => {
      await bench.plans.send([plan("a")]);
      bench.isOver = true;
    });
    await bench.run(record("1", check("r1")));
    expect([bench.worked, bench.sent]).toEqual([[check("r1")], [plan("a")]]);
  });

  it("of jobs that came in do not wait for other messages of the batch", async () => {
    let release = (): void => undefined;
    bench.meanwhile.set("check", () => new Promise<void>((resolve) => (release = resolve)));
    bench.meanwhile.set("job-event", () => bench.plans.send([plan("a"), plan("b")]));
    bench.meanwhile.set("plan", async () => release());
    expect(await bench.run(record("1", check("r1")), record("2", jobEvent))).toEqual([]);
    expect(bench.worked).toEqual([jobEvent, check("r1"), plan("a"), plan("b")]);
  });

  it("that come of a plan are made as well, and a profile that was planned a moment ago is left to the queue", async () => {
    asking("a");
    let told = false;
    bench.meanwhile.set("plan", async () => {
      if (!told) await bench.plans.send([plan("b"), plan("a")]);
      told = true;
    });
    await bench.run(record("1", check("r1")));
    expect(bench.worked).toEqual([check("r1"), plan("a"), plan("b")]);
    expect(bench.sent).toEqual([plan("a")]);
  });

  it("fail the whole batch when they can neither be made nor be put on the queue", async () => {
    asking("a");
    bench.failures.set("plan", new Error("no"));
    bench.queueFails = true;
    await expect(bench.run(record("1", check("r1")))).rejects.toThrow("SQS does not answer");
  });

  it("leave other messages to the queue", async () => {
    await bench.plans.send([check("r1"), plan("a"), rerun]);
    expect(bench.sent).toEqual([check("r1"), rerun]);
  });
});
