import { createWork } from "../../runtime/entry/lambda/work";
import type { Message } from "../../runtime/core/ports";
import { messageText } from "../../runtime/queue/message-text";
import type { SqsRecord } from "../../runtime/queue/sqs-records";
import { eventOf, told } from "../sources/github/webhook-parcels";
import { FleetWorld, someBase, useMoto } from "./fleet-world";
import { captured } from "./lines";
import { StubEc2 } from "./stub-ec2";

const url = useMoto();
const lines = captured();
let ec2: StubEc2;
beforeAll(async () => {
  ec2 = await StubEc2.start();
  process.env["AWS_ENDPOINT_URL_EC2"] = ec2.url;
});
afterAll(() => ec2.stop());

const queued = async (): Promise<Message> => ({ kind: "job-event", event: await eventOf(told("queued")) });
const plan: Message = { kind: "plan", profile: "small" };

let sent = 0;
const record = (message: Message | string, attempt = 1): SqsRecord => ({
  messageId: `m-${++sent}`,
  receiptHandle: `unknown-${sent}`,
  body: typeof message === "string" ? message : messageText(message),
  attributes: { ApproximateReceiveCount: String(attempt) },
});

describe("the work function", () => {
  let world: FleetWorld;
  beforeEach(async () => {
    world = await FleetWorld.deploy(url());
    ec2.actions.length = 0;
  });
  const work = (...Records: readonly SqsRecord[]) => createWork(world.facts)({ Records });

  it("admits a job, asks for a plan, and the plan for a machine", async () => {
    const handle = createWork(world.facts);
    expect(await handle({ Records: [record(await queued())] })).toEqual({ batchItemFailures: [] });
    expect(await world.messages()).toEqual([plan]);
    expect(await handle({ Records: [record(plan)] })).toEqual({ batchItemFailures: [] });
    expect(ec2.actions).toContain("CreateFleet");
    expect(ec2.machines.at(-1)?.tags.get("onejob:fleet")).toBe(world.facts.fleet);
    const { runners } = await world.ledger.readProfile("small");
    expect(runners).toMatchObject([{ compute: "ec2", machine: ec2.machines.at(-1)?.id }]);
    expect(lines.metrics("onejob_launches_total")).toMatchObject([{ fleet: world.facts.fleet }]);
  });

  it("makes one job of a doubled record, whether it comes with the first or after it", async () => {
    const event = await queued();
    await work(record(event), record(event));
    await work(record(event, 2));
    expect((await world.ledger.readProfile("small")).jobs).toHaveLength(1);
  });

  it("plans once for many equal messages of a batch, and counts all of them as done", async () => {
    expect(await work(...Array.from({ length: 10 }, () => record(plan)))).toEqual({ batchItemFailures: [] });
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
