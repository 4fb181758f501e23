import type { IncomingMessage } from "node:http";
import { connect } from "node:net";
import { serverEvents, type ServerEvent } from "../../../runtime/cli/sse";
import { someJob, someRunner } from "../../fixtures/records";
import { closeAll, startWorld, token } from "./http-world";

afterEach(closeAll);

async function take(message: IncomingMessage, count: number): Promise<ServerEvent[]> {
  const events: ServerEvent[] = [];
  for await (const event of serverEvents(message)) {
    events.push(event);
    if (events.length === count) break;
  }
  return events;
}

describe("GET /api/v1/events", () => {
  it("tells each change of a job and of a runner, as the API shows them, and nothing else", async () => {
    const server = await startWorld();
    const message = await server.open("/api/v1/events");
    expect(message.headers["content-type"]).toBe("text/event-stream; charset=utf-8");
    const told = take(message, 2);
    server.changes.publish({ kind: "log", job: "api/local/x", size: 3 });
    const { key } = await server.submit();
    server.changes.publish({ kind: "runner", runner: someRunner({ id: "r7" }) });
    const [job, runner] = await told;
    expect([job?.event, runner?.event]).toEqual(["job", "runner"]);
    expect(JSON.parse(job?.data ?? "")).toMatchObject({
      key,
      state: "queued",
      createdAt: expect.stringContaining("Z"),
    });
    expect(JSON.parse(runner?.data ?? "")).toMatchObject({ id: "r7", name: "onejob-r7" });
    expect(job?.data).not.toContain("command");
  });

  it("gives a sign of life while nothing changes", async () => {
    const server = await startWorld({ deps: { limits: { pingMs: 5 } } });
    const message = await server.open("/api/v1/events");
    let seen = "";
    for await (const chunk of message) {
      seen += String(chunk);
      if (seen.includes(": ping\n\n")) break;
    }
    expect(seen).toContain(": ping");
  });

  it("cuts off a client that does not read, and goes on serving the others", async () => {
    const server = await startWorld({ deps: { limits: { eventBacklogBytes: 10_000 } } });
    const slow = connect(server.port, "127.0.0.1");
    slow.on("error", () => undefined);
    const before = server.listeners;
    slow.write(`GET /api/v1/events HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${token}\r\n\r\n`);
    slow.pause();
    while (server.listeners === before) await new Promise((resolve) => setImmediate(resolve));
    const job = someJob({ name: "x".repeat(60_000) });
    while (server.listeners > before) {
      server.changes.publish({ kind: "job", job });
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(server.listeners).toBe(before);
    expect((await server.ask("/health")).status).toBe(200);
    slow.destroy();
  });

  it("keeps nothing of a client that left", async () => {
    const server = await startWorld();
    const before = server.listeners;
    const message = await server.open("/api/v1/events");
    expect(server.listeners).toBe(before + 1);
    message.destroy();
    while (server.listeners > before) await new Promise((resolve) => setImmediate(resolve));
    expect(server.listeners).toBe(before);
  });

  it("ends when the server closes", async () => {
    const server = await startWorld();
    const message = await server.open("/api/v1/events");
    const told = take(message, 1);
    const closed = server.app.close();
    expect(await told).toEqual([]);
    await closed;
  });
});
