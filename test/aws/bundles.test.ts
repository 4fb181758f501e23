import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFile, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { deflateRawSync } from "node:zlib";
import type { FleetFacts } from "../../runtime/core/fleet-facts";
import type { ProxyAnswer } from "../../runtime/entry/lambda/proxy-event";
import { messageText } from "../../runtime/queue/message-text";
import { eventOf, told } from "../sources/github/webhook-parcels";
import { temporaryFolder } from "../fixtures/temporary-folder";
import { FleetWorld, useMoto } from "./fleet-world";
import { awsEnvironment } from "./moto";
import { doors, webhook } from "./requests";
import { useEc2 } from "./use-ec2";

const dist = join(__dirname, "../../dist");
const url = useMoto();

const driver = `
process.stdin.setEncoding("utf8");
let input = "";
process.stdin.on("data", (text) => (input += text)).on("end", async () => {
  const answers = [];
  for (const event of JSON.parse(input)) answers.push(await require("./__index.js").handler(event, { awsRequestId: "r-1" }));
  require("node:fs").writeFileSync("./answers.json", JSON.stringify(answers));
});`;

/** What is deployed, in a process that has nothing else: no modules beside it, and none that only newer Nodes can load. */
async function run(name: string, { facts, events, env = {} }: Running): Promise<readonly unknown[]> {
  const folder = await temporaryFolder();
  const create = `create${name[0]?.toUpperCase() ?? ""}${name.slice(1)}`;
  const index = `const facts = ${JSON.stringify(facts)};\nconst { ${create} } = require("./runtime.js");\nexports.handler = ${create}(facts);\n`;
  try {
    await copyFile(join(dist, "lambda", `${name}.js`), join(folder.path, "runtime.js"));
    await copyFile(join(dist, "agent.js"), join(folder.path, "agent.js"));
    await writeFile(join(folder.path, "__index.js"), index);
    await writeFile(join(folder.path, "driver.js"), driver);
    const node = spawn(process.execPath, ["--no-experimental-require-module", "driver.js"], {
      cwd: folder.path,
      env: { ...awsEnvironment(url()), ...env },
      stdio: ["pipe", "pipe", "pipe"],
    });
    node.stdin.end(JSON.stringify(events));
    const [said, failed, [code]] = await Promise.all([text(node.stdout), text(node.stderr), once(node, "exit")]);
    if (code !== 0) throw new Error(`${name} ended with ${String(code)}: ${failed}${said}`);
    return JSON.parse(await readFile(join(folder.path, "answers.json"), "utf8")) as unknown[];
  } finally {
    await folder.remove();
  }
}

interface Running {
  readonly facts: FleetFacts;
  readonly events: readonly unknown[];
  readonly env?: Readonly<Record<string, string>>;
}

describe("what is deployed", () => {
  let world: FleetWorld;
  const ec2 = useEc2(url);
  beforeEach(async () => (world = await FleetWorld.deploy(url())));
  const env = () => ({ AWS_ENDPOINT_URL_EC2: ec2().door.url });

  it("stores a webhook on the queue", async () => {
    const events = [doors["a function URL"](webhook())];
    const answers = await run("webhook", { facts: world.facts, events });
    expect(answers).toMatchObject([{ statusCode: 202, body: '{"accepted":true,"jobs":["gh/github.com/71"]}' }]);
    expect(await world.messages()).toMatchObject([{ kind: "job-event", event: { kind: "queued" } }]);
  });

  it("asks for a machine for a job that waits", async () => {
    const event = await eventOf(told("queued"));
    const recordOf = (body: string, n: number) => ({ Records: [{ messageId: `m-${n}`, receiptHandle: "x", body }] });
    const messages = [{ kind: "job-event", event } as const, { kind: "plan", profile: "small" } as const];
    const events = messages.map((message, n) => recordOf(messageText(message), n));
    expect(await run("work", { facts: world.facts, events, env: env() })).toEqual([
      { batchItemFailures: [] },
      { batchItemFailures: [] },
    ]);
    expect(ec2().actions).toContain("CreateFleet");
    const machines = await ec2().machines(world.facts.fleet);
    expect(machines).toHaveLength(1);
    expect((await world.ledger.readProfile("small")).runners).toMatchObject([{ machine: machines[0]?.InstanceId }]);
  });

  it("sweeps", async () => {
    expect(await run("sweep", { facts: world.facts, events: [{}], env: env() })).toEqual([{ swept: true }]);
  });

  it("has a runner looked after whose machine goes away", async () => {
    const tags = { "onejob:fleet": world.facts.fleet, "onejob:profile": "small", "onejob:runner": "r1" };
    const machine = await ec2().put(tags);
    const event = { "detail-type": "EC2 Spot Instance Interruption Warning", detail: { "instance-id": machine } };
    expect(await run("events", { facts: world.facts, events: [event], env: env() })).toEqual([{ checked: 1 }]);
    expect(await world.messages()).toEqual([
      { kind: "warned", profile: "small", runner: "r1", machine, of: "interruption" },
    ]);
  });

  it("takes a job from a person, and tells of it", async () => {
    const body = JSON.stringify({ command: ["make"] });
    const asked = [
      { path: "/api/v1/jobs", headers: { "content-type": "application/json" }, body },
      { method: "GET", path: "/api/v1/jobs" },
      { method: "GET", path: "/openapi.json" },
    ];
    const answers = (await run("api", {
      facts: world.facts,
      events: asked.map(doors["a function URL"]),
    })) as ProxyAnswer[];
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([201, 200, 200]);
    expect(JSON.parse(answers[1]?.body ?? "")).toMatchObject({ items: [{ state: "queued" }] });
  });

  it("gives agents their program, and nothing without a proof", async () => {
    const asked = [
      { method: "GET", path: "/agent/v1/agent.js" },
      {
        path: "/agent/v1/heartbeat",
        headers: { "content-type": "application/json" },
        body: '{"attempt":0,"waitMs":0}',
      },
    ];
    const events = asked.map(doors["a function URL"]);
    const [program, refused] = (await run("agent", { facts: world.facts, events, env: env() })) as ProxyAnswer[];
    expect(program?.body).toBe(await readFile(join(dist, "agent.js"), "utf8"));
    expect(refused?.statusCode).toBe(401);
  });
});

describe("the webhook function's file", () => {
  it("stays within what a cold start may load: 340 KB, 105 KB packed", async () => {
    const file = await readFile(join(dist, "lambda/webhook.js"));
    expect(file.byteLength).toBeLessThanOrEqual(340_000);
    expect(deflateRawSync(file, { level: 9 }).byteLength).toBeLessThanOrEqual(105_000);
  });

  it.each(["octokit", "DynamoDB", "CreateFleet", "fastify", "PutObject"])("holds nothing of %s", async (library) => {
    expect(await readFile(join(dist, "lambda/webhook.js"), "utf8")).not.toContain(library);
  });
});
