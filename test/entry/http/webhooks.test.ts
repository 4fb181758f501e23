import { OnejobError } from "../../../runtime/core/errors";
import type { Delivery, JobSource, Ports } from "../../../runtime/core/ports";
import { apiSource } from "../../../runtime/sources/api";
import { noon, someFacts, someProfile, someSettings } from "../../fixtures/records";
import { closeAll, startWorld } from "./http-world";

afterEach(closeAll);

/** A forge that signs with a plain word, and keeps what it was handed. */
function forge() {
  const received: Delivery[] = [];
  const source: JobSource = {
    ...apiSource(),
    name: "gh",
    assigns: false,
    receive: async (delivery) => {
      received.push(delivery);
      if (delivery.headers["x-signature"] !== "right") throw new OnejobError("bad-signature");
      const text = Buffer.from(delivery.body).toString();
      if (!text.startsWith("{")) throw new OnejobError("bad-request", "the body is not JSON");
      const facts = someFacts({ id: "77", key: "gh/forge/77", source: "gh", host: "forge" });
      const event = { kind: "queued", facts, at: noon, receivedAt: noon, delivery: delivery.id } as const;
      if (!text.includes("job")) return { kind: "ignored", reason: "unknown-event" };
      return { kind: "events", events: [{ ...event, runnerName: null, succeeded: null }] };
    },
  };
  return { received, source };
}

const signed = { "content-type": "application/json", "x-signature": "right" };
const post = (body: string | Uint8Array, headers: Readonly<Record<string, string>> = signed) =>
  ({ method: "POST", body, headers, bearer: null }) as const;

async function started(changes: { maxWebhookBytes?: number; ports?: (ports: Ports) => Ports } = {}) {
  const { source, received } = forge();
  const settings = someSettings([someProfile()], { maxWebhookBytes: changes.maxWebhookBytes ?? 1_048_576 });
  const ports = changes.ports ?? ((same: Ports) => same);
  return { server: await startWorld({ settings, sources: [apiSource(), source], ports }), received };
}

describe("POST /webhooks/{source}", () => {
  it("answers 202 with the job's key once the event is stored, without any token", async () => {
    const { server } = await started();
    const answer = await server.ask("/webhooks/gh", post('{"job":1}'));
    expect([answer.status, answer.json()]).toEqual([202, { accepted: true, jobs: ["gh/forge/77"] }]);
    expect(await server.ports.queue.depth()).toBe(1);
  });

  it("answers 202 and says so for an event that is of no interest", async () => {
    const { server } = await started();
    const answer = await server.ask("/webhooks/gh", post("{}"));
    expect([answer.status, answer.json()]).toEqual([202, { accepted: false, reason: "unknown-event" }]);
  });

  it("says of a delivery that it stored already that it is a duplicate, and stores nothing", async () => {
    const { server } = await started();
    const once = post('{"job":1}', { ...signed, "x-github-delivery": "d-1" });
    await server.ask("/webhooks/gh", once);
    const twice = await server.ask("/webhooks/gh", once);
    expect([twice.status, twice.json()]).toEqual([202, { accepted: false, reason: "duplicate" }]);
    expect(await server.ports.queue.depth()).toBe(1);
    const forged = await server.ask("/webhooks/gh", { ...once, headers: { ...once.headers, "x-signature": "wrong" } });
    expect(forged.status).toBe(401);
  });

  it("hands the source the raw bytes, the head, and the forge's own id of the delivery", async () => {
    const { server, received } = await started();
    const body = Buffer.from('{ "name": "h\u00e9",\r\n "x": 1 }');
    await server.ask("/webhooks/gh", post(body, { ...signed, "X-GitHub-Delivery": "d-1" }));
    expect(Buffer.from(received[0]?.body ?? []).equals(body)).toBe(true);
    expect(received[0]?.headers["x-github-delivery"]).toBe("d-1");
    expect(received[0]?.id).toBe("d-1");
  });

  it("takes other kinds of JSON, and a charset", async () => {
    const { server } = await started();
    for (const type of ["application/json; charset=utf-8", "application/vnd.forge+json"]) {
      const answer = await server.ask("/webhooks/gh", post("{}", { ...signed, "content-type": type }));
      expect(answer.status).toBe(202);
    }
  });

  it.each([
    [400, "bad-request", post("no json")],
    [401, "bad-signature", post("{}", { ...signed, "x-signature": "wrong" })],
    [415, "bad-media-type", post("job=1", { ...signed, "content-type": "application/x-www-form-urlencoded" })],
    [415, "bad-media-type", post("{}", { ...signed, "content-type": "text/plain" })],
    [415, "bad-media-type", post("{}", { "x-signature": "right" })],
    [415, "bad-media-type", { method: "POST", headers: { "x-signature": "right" }, bearer: null } as const],
  ])("answers %i %s where that is the fault", async (status, code, request) => {
    const { server } = await started();
    const answer = await server.ask("/webhooks/gh", request);
    expect([answer.status, answer.code]).toEqual([status, code]);
    expect(await server.ports.queue.depth()).toBe(0);
  });

  it("answers 404 for a source that is not there, or that takes no webhooks", async () => {
    const { server } = await started();
    for (const source of ["other", "api", "%00", "..%2f"]) {
      expect((await server.ask(`/webhooks/${source}`, post("{}"))).code).toBe("not-found");
    }
  });

  it("answers 413 beyond the limit, whether the length is told before or not", async () => {
    const { server, received } = await started({ maxWebhookBytes: 1_024 });
    const body = JSON.stringify({ x: "y".repeat(1_100) });
    const told = await server.ask("/webhooks/gh", post(body));
    const untold = await server.ask("/webhooks/gh", post(body, { ...signed, "transfer-encoding": "chunked" }));
    expect([told.status, told.code]).toEqual([413, "body-too-large"]);
    expect([untold.status, untold.code]).toEqual([413, "body-too-large"]);
    expect(told.text).toContain("1024");
    expect(received).toEqual([]);
  });

  it("heeds a limit that changed while the server runs", async () => {
    const { server } = await started({ maxWebhookBytes: 1_024 });
    const body = JSON.stringify({ x: "y".repeat(1_100) });
    server.world.settings = someSettings([someProfile()], { maxWebhookBytes: 2_048 });
    expect((await server.ask("/webhooks/gh", post(body))).status).toBe(202);
  });

  it("answers 503 with Retry-After, and never 2xx, when the event cannot be stored", async () => {
    const { server } = await started({
      ports: (ports) => ({ ...ports, queue: { ...ports.queue, send: () => Promise.reject(new Error("disk full")) } }),
    });
    const answer = await server.ask("/webhooks/gh", post('{"job":1}'));
    expect([answer.status, answer.code, answer.headers["retry-after"]]).toEqual([503, "not-stored", "5"]);
    expect(answer.text).not.toContain("disk full");
  });

  it("counts each by source and outcome", async () => {
    const { server } = await started();
    await server.ask("/webhooks/gh", post('{"job":1}'));
    await server.ask("/webhooks/gh", post("{}"));
    await server.ask("/webhooks/gh", post("{}", { ...signed, "x-signature": "wrong" }));
    await server.ask("/webhooks/made-up", post("{}"));
    const { text } = await server.ask("/metrics");
    const counted = text.split("\n").filter((line) => line.startsWith("onejob_webhooks_total"));
    expect(counted.sort()).toEqual([
      'onejob_webhooks_total{source="gh",outcome="accepted"} 1',
      'onejob_webhooks_total{source="gh",outcome="ignored"} 1',
      'onejob_webhooks_total{source="gh",outcome="refused"} 1',
    ]);
  });
});
