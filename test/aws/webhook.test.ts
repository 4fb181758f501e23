import { createWebhook } from "../../runtime/entry/lambda/webhook";
import type { ProxyAnswer } from "../../runtime/entry/lambda/proxy-event";
import { told } from "../sources/github/webhook-parcels";
import { FleetWorld, secretName, someBase, someProfileEntry, useMoto } from "./fleet-world";
import { captured } from "./lines";
import { doorNames, doors, webhook, type Webhook } from "./requests";

const url = useMoto();
const lines = captured();

interface ErrorShape {
  readonly error: { readonly code: string; readonly what: string; readonly fix: string; readonly retry: boolean };
}
const bodyOf = (answer: ProxyAnswer) => JSON.parse(answer.body) as Record<string, unknown>;
const errorOf = (answer: ProxyAnswer) => (JSON.parse(answer.body) as ErrorShape).error;
const viaUrl = (changes: Webhook = {}) => doors["a function URL"](webhook(changes));

describe("the webhook function", () => {
  let world: FleetWorld;
  beforeEach(async () => {
    world = await FleetWorld.deploy(url());
  });

  it.each(doorNames)("stores a webhook that came through %s, and says 202 only then", async (door) => {
    const answer = await createWebhook(world.facts)(doors[door](webhook()), { awsRequestId: "r-1" });
    expect(answer).toMatchObject({ statusCode: 202, headers: { "x-request-id": "r-1" } });
    expect(bodyOf(answer)).toEqual({ accepted: true, jobs: ["gh/github.com/71"] });
    expect(await world.messages()).toMatchObject([
      { kind: "job-event", event: { kind: "queued", delivery: "delivery-1" } },
    ]);
    expect(lines.metrics("onejob_webhooks_total")).toMatchObject([
      { fleet: world.facts.fleet, source: "gh", outcome: "accepted", onejob_webhooks_total: 1 },
    ]);
  });

  it.each([
    { why: "a ping", changes: { headers: { "X-GitHub-Event": "ping" } }, reason: "ignored-ping" },
    { why: "an event it does not know", changes: { headers: { "X-GitHub-Event": "push" } }, reason: "unknown-event" },
    { why: "a job of another owner", changes: { body: foreign() }, reason: "ignored-scope" },
  ])("ignores $why with 202", async ({ changes, reason }) => {
    const answer = await createWebhook(world.facts)(viaUrl(changes));
    expect(answer.statusCode).toBe(202);
    expect(bodyOf(answer)).toEqual({ accepted: false, reason });
    expect(await world.messages()).toEqual([]);
  });

  it("tells a doubled delivery as such, and stores it once", async () => {
    const handle = createWebhook(world.facts);
    await handle(viaUrl());
    expect(bodyOf(await handle(viaUrl()))).toEqual({ accepted: false, reason: "duplicate" });
    expect(await world.messages()).toHaveLength(1);
  });

  const refused: readonly { why: string; changes: Webhook; status: number; code: string }[] = [
    { why: "a wrong signature", changes: { key: "another" }, status: 401, code: "bad-signature" },
    { why: "no signature", changes: { headers: { "X-Hub-Signature-256": "" } }, status: 401, code: "bad-signature" },
    { why: "a source nobody configured", changes: { path: "/webhooks/other" }, status: 404, code: "not-found" },
    { why: "the source api", changes: { path: "/webhooks/api" }, status: 404, code: "not-found" },
    { why: "a longer path", changes: { path: "/webhooks/gh/more" }, status: 404, code: "not-found" },
    { why: "a path that climbs", changes: { path: "/webhooks/../gh" }, status: 404, code: "not-found" },
    { why: "a name of every object", changes: { path: "/webhooks/constructor" }, status: 404, code: "not-found" },
    { why: "no path", changes: { path: "/" }, status: 404, code: "not-found" },
    { why: "another method", changes: { method: "GET" }, status: 404, code: "not-found" },
    {
      why: "a form",
      changes: { headers: { "Content-Type": "application/x-www-form-urlencoded" } },
      status: 415,
      code: "bad-media-type",
    },
    { why: "what is no JSON", changes: { body: "{" }, status: 400, code: "bad-request" },
    {
      why: "a larger body than the settings allow",
      changes: { body: JSON.stringify("x".repeat(70_000)) },
      status: 413,
      code: "body-too-large",
    },
  ];
  it.each(refused)("refuses $why with $status, and stores nothing", async ({ changes, status, code }) => {
    const answer = await createWebhook(world.facts)(viaUrl(changes));
    expect(answer).toMatchObject({
      statusCode: status,
      headers: { "content-type": "application/json; charset=utf-8" },
    });
    expect(errorOf(answer)).toEqual({
      code,
      what: expect.any(String) as string,
      fix: expect.any(String) as string,
      retry: false,
    });
    expect(await world.messages()).toEqual([]);
  });

  it("answers 503 while nothing can be stored, and takes the same delivery once it can", async () => {
    const handle = createWebhook({ ...world.facts, queueUrl: `${world.facts.queueUrl}-gone` });
    const answer = await handle(viaUrl());
    expect(answer).toMatchObject({ statusCode: 503, headers: { "retry-after": "5" } });
    expect(errorOf(answer)).toMatchObject({ code: "not-stored", retry: true });
    // It does not take it for a duplicate: the forge sends the very same delivery again.
    expect((await handle(viaUrl())).statusCode).toBe(503);
    expect(await world.messages()).toEqual([]);
    expect(bodyOf(await createWebhook(world.facts)(viaUrl()))).toMatchObject({ accepted: true });
  });

  it("answers 503 while there are no settings, and works as soon as there are", async () => {
    const base = `${world.facts.settingsPath}/base`;
    await world.dropParameter(base);
    const handle = createWebhook(world.facts);
    expect((await handle(viaUrl())).statusCode).toBe(503);
    await world.settings(someBase(world.facts.fleet));
    expect((await handle(viaUrl())).statusCode).toBe(202);
  });

  it("answers 503, not 401, when the secret cannot be read: the sender has done nothing wrong", async () => {
    await world.dropParameter(secretName(world.facts.fleet));
    expect((await createWebhook(world.facts)(viaUrl())).statusCode).toBe(503);
  });

  it("takes a webhook signed with a secret that was changed a moment ago", async () => {
    const handle = createWebhook(world.facts);
    await handle(viaUrl());
    await world.secret(secretName(world.facts.fleet), "a new one");
    expect((await handle(viaUrl({ key: "a new one", id: "delivery-2" }))).statusCode).toBe(202);
    expect((await handle(viaUrl({ id: "delivery-3" }))).statusCode).toBe(401);
    expect(await world.messages()).toHaveLength(2);
  });

  it("never writes a secret, a signature or a body into its log", async () => {
    const handle = createWebhook(world.facts);
    await handle(viaUrl());
    await handle(viaUrl({ key: "another", id: "delivery-2" }));
    const text = lines.all().join("\n");
    for (const secret of ["a webhook's secret", "sha256=", "html_url"]) expect(text).not.toContain(secret);
  });

  it("takes settings of several pages", async () => {
    for (let n = 0; n < 12; n++)
      await world.profile({ ...someProfileEntry, name: `p${n}`, labels: [`label-${n}`] } as never);
    expect((await createWebhook(world.facts)(viaUrl())).statusCode).toBe(202);
  });
});

function foreign(): string {
  return told("queued", undefined, { repository: { full_name: "evil/widgets" } });
}
