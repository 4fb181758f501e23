import type { AgentOrders } from "../../../runtime/core/agent-protocol";
import { drainRunner } from "../../../runtime/flow/drain";
import { idle, launched, running } from "./agent-client";
import { closeAll, type HttpWorld } from "./http-world";

afterEach(closeAll);

async function untilHeld(server: HttpWorld, before: number): Promise<void> {
  while (server.listeners <= before) await new Promise((resolve) => setImmediate(resolve));
}

describe("POST /agent/v1/heartbeat", () => {
  it("answers at once where there is an order", async () => {
    const { agent } = await launched();
    await agent.listen();
    agent.attempt = 0;
    const orders = (await agent.beat(60_000)).json<AgentOrders>();
    expect(orders.assignment).not.toBeNull();
  });

  it("holds its answer until a job is there, and then names it", async () => {
    const { server, agent } = await idle();
    const before = server.listeners;
    const held = agent.beat(60_000);
    await untilHeld(server, before);
    const { key } = await server.submit();
    expect((await held).json<AgentOrders>().assignment?.job).toBe(key);
    expect(server.listeners).toBe(before);
  });

  it("holds its answer until the running job is cancelled", async () => {
    const { server, agent, key } = await running();
    const before = server.listeners;
    const held = agent.beat(60_000);
    await untilHeld(server, before);
    await server.ask(`/api/v1/jobs/${encodeURIComponent(key)}/cancel`, { method: "POST" });
    expect((await held).json()).toMatchObject({ cancel: true, assignment: null });
  });

  it("holds its answer until the runner is drained", async () => {
    const { server, agent } = await idle();
    const before = server.listeners;
    const held = agent.beat(60_000);
    await untilHeld(server, before);
    const runner = await server.ports.ledger.readRunner("small", agent.runner);
    if (runner === undefined) throw new Error("no runner");
    await drainRunner(runner, server.ports);
    expect((await held).json()).toMatchObject({ drain: true });
  });

  it("answers that there is nothing when the time is over", async () => {
    const { agent } = await idle();
    expect((await agent.beat(20)).json()).toMatchObject({ assignment: null, cancel: false, drain: false });
  });

  it("is not woken by the sign of life it writes itself, nor by jobs of others", async () => {
    const { server, agent } = await running();
    server.world.clock.forward(25_000);
    const before = server.listeners;
    let asked = 0;
    const unsubscribe = server.changes.subscribe(() => (asked += 1));
    const held = agent.beat(60_000);
    await untilHeld(server, before + 1);
    await server.submit();
    await server.pump();
    expect(asked).toBeGreaterThan(1);
    expect(server.listeners).toBe(before + 2);
    unsubscribe();
    const closed = server.app.close();
    expect((await held).status).toBe(200);
    await closed;
  });

  it("stops holding when the server closes", async () => {
    const { server, agent } = await idle();
    const before = server.listeners;
    const held = agent.beat(60_000);
    await untilHeld(server, before);
    const closed = server.app.close();
    expect((await held).json()).toMatchObject({ assignment: null });
    await closed;
  });

  it("keeps nothing of an agent that left", async () => {
    const { server, agent } = await idle();
    const before = server.listeners;
    const body = JSON.stringify({ attempt: 0, waitMs: 60_000 });
    const head = `POST /agent/v1/heartbeat HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${agent.lease}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n`;
    void server.raw(head + body);
    await untilHeld(server, before);
    server.app.server.closeAllConnections();
    while (server.listeners > before) await new Promise((resolve) => setImmediate(resolve));
    expect(server.listeners).toBe(before);
  });

  it("answers 409 once the runner is gone", async () => {
    const { server, agent } = await idle();
    await server.ask(`/api/v1/runners/${agent.runner}/drain`, { method: "POST" });
    await server.pump();
    expect((await agent.beat()).code).toBe("stale-attempt");
  });

  it.each([[{ attempt: 0 }], [{ attempt: 0, waitMs: 60_001 }], [{ attempt: "0", waitMs: 1 }]])(
    "answers 400 to %j",
    async (body) => {
      const { agent } = await idle();
      expect((await agent.ask("heartbeat", { body })).code).toBe("bad-request");
    },
  );
});
