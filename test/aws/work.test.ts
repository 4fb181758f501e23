import { DynamoDBClient, QueryCommand } from "@aws-sdk/client-dynamodb";
import { createWork } from "../../runtime/entry/lambda/work";
import type { Message } from "../../runtime/core/ports";
import { messageText } from "../../runtime/queue/message-text";
import type { BatchAnswer, SqsRecord } from "../../runtime/queue/sqs-records";
import { eventOf, told } from "../sources/github/webhook-parcels";
import { FleetWorld, someBase, useMoto } from "./fleet-world";
import { captured } from "./lines";
import { useEc2 } from "./use-ec2";

const url = useMoto();
const lines = captured();
const ec2 = useEc2(url);

const queued = async (): Promise<Message> => ({ kind: "job-event", event: await eventOf(told("queued")) });
const plan: Message = { kind: "plan", profile: "small" };

let sent = 0;
const record = (message: Message | string, attempt = 1): SqsRecord => ({
  messageId: `m-${++sent}`,
  receiptHandle: `unknown-${sent}`,
  body: typeof message === "string" ? message : messageText(message),
  attributes: { ApproximateReceiveCount: String(attempt) },
});

const listening = () => jest.spyOn(DynamoDBClient.prototype, "send");
let asked: ReturnType<typeof listening>;
beforeEach(() => (asked = listening()));
afterEach(() => asked.mockRestore());

describe("the work function", () => {
  let world: FleetWorld;
  beforeEach(async () => {
    world = await FleetWorld.deploy(url());
  });
  const work = (...Records: readonly SqsRecord[]) => createWork(world.facts)({ Records });

  it("admits a job and makes its machine at once, without a way through the queue", async () => {
    expect(await work(record(await queued()))).toEqual({ batchItemFailures: [] });
    expect(await world.messages()).toEqual([]);
    expect(ec2().actions).toContain("CreateFleet");
    const [machine, ...others] = await ec2().machines(world.facts.fleet);
    expect(others).toEqual([]);
    const { runners } = await world.ledger.readProfile("small");
    expect(runners).toMatchObject([{ compute: "ec2", machine: machine?.InstanceId }]);
    expect(lines.metrics("onejob_launches_total")).toMatchObject([{ fleet: world.facts.fleet }]);
  });

  it("makes one job of a doubled record, whether it comes with the first or after it", async () => {
    const event = await queued();
    await work(record(event), record(event));
    await work(record(event, 2));
    expect((await world.ledger.readProfile("small")).jobs).toHaveLength(1);
  });

  /** Each round of a plan reads its profile once; nothing else of an empty fleet does. */
  const readings = async (handling: Promise<BatchAnswer>): Promise<number> => {
    const before = asked.mock.calls.length;
    expect(await handling).toEqual({ batchItemFailures: [] });
    return asked.mock.calls.slice(before).filter(([command]) => command instanceof QueryCommand).length;
  };

  it("plans once for many equal messages of a batch, and counts all of them as done", async () => {
    const one = await readings(work(record(plan)));
    expect(one).toBeGreaterThan(0);
    expect(await readings(work(...Array.from({ length: 10 }, () => record(plan))))).toBe(one);
    const other: Message = { kind: "plan", profile: "large" };
    expect(await readings(work(record(plan), record(other), record(plan)))).toBe(2 * one);
  });

  const noTime = { getRemainingTimeInMillis: () => 0 };

  it("begins nothing without time for it, answers all of it as failed, and does it the next time", async () => {
    const records = [record(await queued()), record(plan)];
    const handle = createWork(world.facts);
    const { batchItemFailures } = await handle({ Records: records }, noTime);
    expect(batchItemFailures).toEqual(records.map(({ messageId }) => ({ itemIdentifier: messageId })));
    expect((await world.ledger.readProfile("small")).jobs).toEqual([]);
    expect(await handle({ Records: records }, { getRemainingTimeInMillis: () => 60_000 })).toEqual({
      batchItemFailures: [],
    });
    expect((await world.ledger.readProfile("small")).jobs).toHaveLength(1);
  });

  it("answers in time although a call hangs, repeats nothing of what is done, and leaves the plan to the queue", async () => {
    const handle = createWork(world.facts);
    ec2().proxy.upset({ service: "ec2", how: "hold" });
    try {
      const answer = await handle({ Records: [record(await queued())] }, { getRemainingTimeInMillis: () => 5_000 });
      expect(answer).toEqual({ batchItemFailures: [] });
      expect(await world.messages()).toEqual([plan]);
      expect((await world.ledger.readProfile("small")).jobs).toHaveLength(1);
    } finally {
      ec2().proxy.release();
    }
  });

  it("fails a poisoned record alone", async () => {
    const poison = [record("{"), record('{"kind":"launch-missiles"}'), record('{"kind":"job-event","event":{}}')];
    const good = record(await queued());
    const { batchItemFailures } = await work(...poison, good);
    expect(batchItemFailures).toEqual(poison.map(({ messageId }) => ({ itemIdentifier: messageId })));
    expect((await world.ledger.readProfile("small")).jobs).toHaveLength(1);
  });

  it("takes an empty batch", async () => {
    expect(await work()).toEqual({ batchItemFailures: [] });
  });

  it("fails the whole batch while there never were settings, and does it once there are", async () => {
    await world.settings("{");
    const handle = createWork(world.facts);
    await expect(handle({ Records: [record(plan)] })).rejects.toMatchObject({ code: "bad-config" });
    await world.settings(someBase(world.facts.fleet));
    expect(await handle({ Records: [record(plan)] })).toEqual({ batchItemFailures: [] });
  });
});
