import { someProfile, someSettings } from "../../fixtures/records";
import { closeAll, startWorld } from "./http-world";

afterEach(closeAll);

interface RunnerItem {
  readonly id: string;
  readonly name: string;
  readonly state: string;
}

async function withRunner() {
  const server = await startWorld();
  await server.submit();
  await server.pump();
  const { items } = (await server.ask("/api/v1/runners")).json<{ items: RunnerItem[] }>();
  const [runner] = items;
  if (runner === undefined) throw new Error("no runner was launched");
  return { server, runner };
}

describe("runners", () => {
  it("lists runners with every field of the interface", async () => {
    const { runner } = await withRunner();
    expect(Object.keys(runner).sort()).toEqual(
      [
        "compute",
        "createdAt",
        "deadlineAt",
        "id",
        "job",
        "lastHeartbeatAt",
        "machine",
        "name",
        "profile",
        "state",
      ].sort(),
    );
    expect(runner).toMatchObject({ name: `onejob-${runner.id}`, profile: "small", state: "booting" });
  });

  it("shows one by id and by name, and answers 404 for any other", async () => {
    const { server, runner } = await withRunner();
    expect((await server.ask(`/api/v1/runners/${runner.id}`)).json()).toEqual(runner);
    expect((await server.ask(`/api/v1/runners/${runner.name}`)).json()).toEqual(runner);
    expect((await server.ask("/api/v1/runners/nobody")).code).toBe("not-found");
  });

  it("drains one with 202: it takes no job any more", async () => {
    const { server, runner } = await withRunner();
    const answer = await server.ask(`/api/v1/runners/${runner.id}/drain`, { method: "POST" });
    expect(answer.status).toBe(202);
    expect((await server.ports.ledger.readRunner("small", runner.id))?.draining).toBe(true);
    expect((await server.ask("/api/v1/runners/nobody/drain", { method: "POST" })).status).toBe(404);
  });

  it("still shows one that is gone when asked for by name, and no longer lists it", async () => {
    const { server, runner } = await withRunner();
    await server.ask(`/api/v1/runners/${runner.id}/drain`, { method: "POST" });
    await server.pump();
    const listed = (await server.ask("/api/v1/runners")).json<{ items: RunnerItem[] }>().items;
    expect(listed.map(({ id }) => id)).not.toContain(runner.id);
    expect((await server.ask(`/api/v1/runners/${runner.id}`)).json()).toMatchObject({ state: "gone" });
  });
});

describe("profiles and status", () => {
  it("lists the profiles with what they hold and whether their limits are enforced", async () => {
    const settings = someSettings([someProfile({ limits: { maxRunners: 1 } })]);
    const server = await startWorld({ settings, deps: { enforcement: async (name) => `${name}: not enforced` } });
    await server.submit();
    await server.submit();
    await server.pump();
    const { items } = (await server.ask("/api/v1/profiles")).json<{ items: object[] }>();
    expect(items).toEqual([
      expect.objectContaining({
        ...{ name: "small", labels: ["linux"], compute: { kind: "process" }, priority: 0, live: 1, waiting: 2 },
        limits: expect.objectContaining({ maxRunners: 1 }),
        enforcement: "small: not enforced",
      }),
    ]);
  });

  it("shows the server at a glance", async () => {
    const server = await startWorld();
    const { key } = await server.submit();
    await server.submit();
    await server.ask(`/api/v1/jobs/${encodeURIComponent(key)}/cancel`, { method: "POST" });
    expect((await server.ask("/api/v1/status")).json()).toMatchObject({
      ...{ version: "1.2.3", startedAt: "2026-11-21T12:00:00.000Z", uptimeMs: 0, draining: false, accepting: true },
      jobs: { queued: 1, cancelled: 1, completed: 0 },
      ...{ queueDepth: expect.any(Number), profiles: 1 },
    });
  });
});

describe("POST /api/v1/drain", () => {
  it("refuses new jobs with 503 and Retry-After from then on, until it is told to resume", async () => {
    const server = await startWorld();
    const drained = await server.ask("/api/v1/drain", { body: {} });
    expect([drained.status, drained.json()]).toEqual([202, { draining: true }]);
    const refused = await server.ask("/api/v1/jobs", { body: { command: ["true"] } });
    expect([refused.status, refused.code, refused.headers["retry-after"]]).toEqual([503, "not-accepting", "5"]);
    expect((await server.ask("/api/v1/drain", { body: { resume: true } })).json()).toEqual({ draining: false });
    expect((await server.ask("/api/v1/jobs", { body: { command: ["true"] } })).status).toBe(201);
  });

  it("needs no body, and refuses one that contradicts itself or holds what it does not know", async () => {
    const server = await startWorld();
    expect((await server.ask("/api/v1/drain", { method: "POST" })).status).toBe(202);
    expect((await server.ask("/api/v1/drain", { body: { now: true, resume: true } })).status).toBe(400);
    expect((await server.ask("/api/v1/drain", { body: { soon: true } })).status).toBe(400);
    expect((await server.ask("/api/v1/drain", { body: { now: "yes" } })).status).toBe(400);
  });
});
