/** The built program `onejob dead-letters` with queues that hide, redrive and count as SQS documents it. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import {
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SetQueueAttributesCommand,
} from "@aws-sdk/client-sqs";
import { messageText } from "../../runtime/queue/message-text";
import type { CliDesk } from "./cli-desk";
import { onDesk } from "./cli-desk";
import { useMoto } from "./fleet-world";

const main = join(__dirname, "../../dist/runtime/cli/main.js");
const plan = messageText({ kind: "plan", profile: "small" });

const url = useMoto();
let desk: CliDesk;
onDesk(url, (made) => void (desk = made));

function onejob(...args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  const { env, cwd } = desk.terminal;
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [main, ...args], { env, cwd }, (_error, out, err) =>
      resolve({ code: child.exitCode ?? -1, out, err }),
    );
  });
}

/** As SQS does it: received too often, and put aside at the next try. */
async function giveUp(body: string): Promise<void> {
  const { sqs, queueUrl: QueueUrl, deadLetterQueueUrl } = desk;
  const wanted = { QueueUrl: deadLetterQueueUrl, AttributeNames: ["QueueArn" as const] };
  const { Attributes } = await sqs.send(new GetQueueAttributesCommand(wanted));
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: Attributes?.QueueArn, maxReceiveCount: 1 });
  await sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { RedrivePolicy } }));
  await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: body }));
  for (let tries = 0; tries < 2; tries++)
    await sqs.send(new ReceiveMessageCommand({ QueueUrl, VisibilityTimeout: 0, WaitTimeSeconds: 0 }));
}

async function waiting(): Promise<readonly (string | undefined)[]> {
  const { Messages = [] } = await desk.sqs.send(
    new ReceiveMessageCommand({ QueueUrl: desk.queueUrl, MaxNumberOfMessages: 10 }),
  );
  return Messages.map(({ Body }) => Body);
}

it("lists what was given up again and again, replays it once, and then there is none", async () => {
  await giveUp(plan);
  for (let time = 0; time < 2; time++) {
    const { code, out, err } = await onejob("dead-letters");
    expect([code, err]).toEqual([0, ""]);
    expect(out).toMatch(/plan +profile small/);
  }
  expect(await onejob("dead-letters", "replay", "--all")).toMatchObject({ code: 0 });
  expect(await waiting()).toEqual([plan]);
  expect(JSON.parse((await onejob("dead-letters", "--output", "json")).out)).toMatchObject({ items: [], more: false });
});

it("says of a fleet that is not there that it is not", async () => {
  expect(await onejob("dead-letters", "--fleet", "nobodys")).toMatchObject({ code: 66, out: "" });
});

it("says of a queue that somebody deleted that it is not there, and what brings it back", async () => {
  await desk.sqs.send(new DeleteQueueCommand({ QueueUrl: desk.deadLetterQueueUrl }));
  const { code, err } = await onejob("dead-letters");
  expect(code).toBe(66);
  expect(err).toMatch(/a part of the fleet is not there: the queue of its dead letters.*pulumi up --refresh/s);
});

it("says what to check when nobody answers in AWS's place", async () => {
  desk.terminal.env = { ...desk.terminal.env, AWS_ENDPOINT_URL: "http://127.0.0.1:9", AWS_MAX_ATTEMPTS: "1" };
  const { code, err } = await onejob("dead-letters");
  expect(code).toBe(69);
  expect(err).toContain("AWS cannot be reached");
});
