import { createHmac } from "node:crypto";
import { BareListener, FakeGitHub, ManualTime, WebhookReceiver } from ".";
import type { DeliveryFate, FakeGitHubOptions } from ".";
import { appJwt, ask, jitConfig } from "./rest-client";

const time = new ManualTime();
let fake: FakeGitHub;
let receiver: WebhookReceiver;

async function start(options: FakeGitHubOptions = {}) {
  fake = await new FakeGitHub({ time, ...options }).start();
  receiver = await new WebhookReceiver().start();
  fake.addRepository("acme/widgets");
}
afterEach(async () => {
  await fake.stop();
  await receiver.stop();
});

function withApp() {
  const app = fake.addApp({ webhook: { url: receiver.url, secret: "s3cret" }, events: ["workflow_job"] });
  const installation = fake.installApp(app, "acme");
  const asApp = (call: string) => ask(fake, call, { token: appJwt(app, time.now()) });
  return { app, installation, asApp };
}

/** Ids as text: as numbers they would be others. */
const idsIn = (text: string) => [...text.matchAll(/"id":(\d+)/g)].map(([, id]) => id ?? "");

describe("a webhook", () => {
  it("is signed with the current secret and carries GitHub's headers", async () => {
    await start();
    const { app } = withApp();
    fake.queueJob("acme/widgets");
    await fake.settled();
    const [first] = receiver.received;
    const mac = (hash: string, secret: string) =>
      createHmac(hash, secret)
        .update(first?.text ?? "")
        .digest("hex");
    expect(first?.headers).toMatchObject({
      "content-type": "application/json",
      "x-github-event": "workflow_job",
      "x-github-hook-installation-target-type": "integration",
      "x-github-hook-installation-target-id": String(app.id),
      "x-github-delivery": expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/) as string,
      "x-hub-signature-256": `sha256=${mac("sha256", "s3cret")}`,
      "user-agent": expect.stringMatching(/^GitHub-Hookshot\//) as string,
    });
    fake.hookOf(app).secret = "n3w";
    fake.queueJob("acme/widgets");
    await fake.settled();
    const last = receiver.received.at(-1);
    const signature = createHmac("sha256", "n3w")
      .update(last?.text ?? "")
      .digest("hex");
    expect(last?.headers["x-hub-signature-256"]).toBe(`sha256=${signature}`);
  });

  it("tells each step of a job and of its run, with the facts", async () => {
    await start();
    fake.addHook("acme/widgets", { url: receiver.url });
    const token = fake.addToken({ kind: "classic", scopes: ["repo"] });
    const job = fake.queueJob("acme/widgets", { name: "build", labels: ["self-hosted", "x64"] });
    const config = await jitConfig(fake, { token, name: "one", labels: ["self-hosted", "x64"] });
    const listener = await BareListener.connect(config);
    await listener.finish(await listener.take(), "failure");
    await fake.settled();
    expect(receiver.names).toEqual([
      "workflow_run requested",
      "workflow_job queued",
      "workflow_job in_progress",
      "workflow_run in_progress",
      "workflow_job completed",
      "workflow_run completed",
    ]);
    const facts = receiver.received
      .filter(({ event }) => event === "workflow_job")
      .map(({ text }) => JSON.parse(text) as Record<string, Record<string, unknown>>);
    const same = { id: job.id, run_id: job.run.id, name: "build", labels: ["self-hosted", "x64"] };
    expect(facts.map(({ workflow_job }) => workflow_job)).toMatchObject([
      { ...same, status: "queued", runner_name: null, conclusion: null, steps: [] },
      { ...same, status: "in_progress", runner_name: "one", conclusion: null },
      { ...same, status: "completed", runner_name: "one", conclusion: "failure" },
    ]);
    expect(facts[0]?.repository).toMatchObject({ full_name: "acme/widgets", private: true });
    expect(facts[0]?.organization).toMatchObject({ login: "acme" });
  });

  it("goes to those who hear of the repository and asked for the event", async () => {
    await start();
    fake.addRepository("other/widgets");
    const { installation } = withApp();
    fake.addHook("acme", { url: receiver.url, events: ["workflow_run"] });
    fake.addHook("acme/gadgets", { url: receiver.url });
    fake.addHook("other", { url: receiver.url });
    fake.queueJob("acme/widgets");
    await fake.settled();
    expect(receiver.names).toEqual(["workflow_run requested", "workflow_job queued"]);
    expect(receiver.received.map(({ text }) => text.includes(`"installation":{"id":${installation.id}`))).toEqual([
      false,
      true,
    ]);
    fake.suspendInstallation(installation);
    fake.queueJob("acme/widgets");
    await fake.settled();
    expect(receiver.names.filter((name) => name === "workflow_job queued")).toHaveLength(1);
  });

  it("tells a job that needs approval as queued, as waiting, and as queued again", async () => {
    await start();
    withApp();
    const job = fake.queueJob("acme/widgets", { environment: "production" });
    fake.approve(job);
    await fake.settled();
    const told = receiver.received.map(({ text, action }) => {
      const { workflow_job, deployment } = JSON.parse(text) as {
        workflow_job: { status: string };
        deployment?: object;
      };
      return [action, workflow_job.status, deployment !== undefined];
    });
    expect(told).toEqual([
      ["queued", "waiting", true],
      ["waiting", "waiting", false],
      ["queued", "queued", false],
    ]);
  });
});

describe("the list of deliveries", () => {
  it("has ids beyond 2^53, as bare numbers, that a double cannot tell apart", async () => {
    await start();
    const { asApp } = withApp();
    for (let turn = 0; turn < 3; turn += 1) fake.queueJob("acme/widgets");
    await fake.settled();
    const { text } = await asApp("GET /app/hook/deliveries");
    const ids = idsIn(text);
    expect(ids).toEqual(fake.deliveries.map(({ id }) => String(id)));
    expect(ids.every((id) => BigInt(id) > 2n ** 53n)).toBe(true);
    expect(new Set(ids.map(Number)).size).toBeLessThan(3);
  });

  it("goes on by cursor, newest first, and filters by outcome", async () => {
    await start();
    const { asApp } = withApp();
    receiver.answerWith = () => (receiver.received.length % 2 === 0 ? 500 : 202);
    for (let turn = 0; turn < 5; turn += 1) fake.queueJob("acme/widgets");
    await fake.settled();
    const pages: string[][] = [];
    let next: string | undefined = "/app/hook/deliveries?per_page=2";
    while (next !== undefined) {
      const { text, headers } = await asApp(`GET ${next}`);
      pages.push(idsIn(text));
      next = /<[^>]*\/api\/v3([^>]*)>; rel="next"/.exec(headers.get("link") ?? "")?.[1];
    }
    expect(pages.map(({ length }) => length)).toEqual([2, 2, 1]);
    expect(pages.flat()).toEqual(fake.deliveries.map(({ id }) => String(id)));
    const failed = await asApp("GET /app/hook/deliveries?status=failure");
    expect(JSON.parse(failed.text)).toMatchObject([{ status_code: 500 }, { status_code: 500 }]);
    const good = await asApp("GET /app/hook/deliveries?status=success");
    expect(idsIn(good.text)).toHaveLength(3);
  });

  it("sends one again under the same delivery id, but as a new attempt", async () => {
    await start();
    const { asApp } = withApp();
    fake.decideDelivery = () => "lost";
    fake.queueJob("acme/widgets");
    await fake.settled();
    expect(receiver.received).toEqual([]);
    const [lost] = fake.deliveries;
    expect(lost).toMatchObject({ statusCode: 502, redelivery: false });
    expect(await asApp(`POST /app/hook/deliveries/${lost?.id}/attempts`)).toMatchObject({ status: 202 });
    await fake.settled();
    expect(receiver.received.map(({ guid }) => guid)).toEqual([lost?.guid]);
    expect(fake.deliveries).toMatchObject([{ guid: lost?.guid, redelivery: true, statusCode: 202 }, { id: lost?.id }]);
    expect(await asApp("POST /app/hook/deliveries/1/attempts")).toMatchObject({ status: 404 });
  });

  it("says when the receiver took too long, or was not there", async () => {
    await start({ webhookTimeoutMs: 50 });
    const { app } = withApp();
    receiver.answerWith = () => null;
    fake.queueJob("acme/widgets");
    await fake.settled();
    fake.hookOf(app).url = "http://127.0.0.1:1/";
    fake.queueJob("acme/widgets");
    await fake.settled();
    expect(fake.deliveries.map(({ statusCode, status }) => [statusCode, status])).toEqual([
      [0, "failed to connect to host"],
      [504, "timed out"],
    ]);
  });
});

describe("a delivery with a fate", () => {
  const table: readonly { fate: DeliveryFate; arrived: string[]; later: string[]; recorded: number }[] = [
    { fate: "sent", arrived: ["a", "b"], later: [], recorded: 2 },
    { fate: "lost", arrived: ["b"], later: [], recorded: 2 },
    { fate: "untried", arrived: ["b"], later: [], recorded: 1 },
    { fate: "doubled", arrived: ["a", "a", "b"], later: [], recorded: 3 },
    { fate: "late", arrived: ["b"], later: ["a"], recorded: 2 },
    { fate: "reordered", arrived: ["b", "a"], later: [], recorded: 2 },
  ];
  it.each(table)("$fate arrives as $arrived, and after a while $later", async ({ fate, arrived, later, recorded }) => {
    await start();
    withApp();
    fake.decideDelivery = ({ payload }) => (JSON.stringify(payload).includes('"name":"a"') ? fate : undefined);
    for (const name of ["a", "b"]) fake.queueJob("acme/widgets", { name });
    await fake.settled();
    const names = () =>
      receiver.received.map(({ text }) => (JSON.parse(text) as { workflow_job: { name: string } }).workflow_job.name);
    expect(names()).toEqual(arrived);
    time.advance(5000);
    await fake.settled();
    expect(names()).toEqual([...arrived, ...later]);
    expect(fake.deliveries).toHaveLength(recorded);
  });

  it("is drawn from the shares, the same for the same seed", async () => {
    const fates = async () => {
      await start();
      withApp();
      fake.deliveryFaults = { lost: 0.2, untried: 0.2, doubled: 0.2 };
      for (let turn = 0; turn < 50; turn += 1) fake.queueJob("acme/widgets");
      await fake.settled();
      const found = {
        arrived: receiver.received.length,
        lost: fake.deliveries.filter(({ fate }) => fate === "lost").length,
      };
      await fake.stop();
      await receiver.stop();
      return found;
    };
    const first = await fates();
    expect(first.lost).toBeGreaterThan(3);
    expect(first.arrived).toBeGreaterThan(25);
    expect(await fates()).toEqual(first);
  });
});
