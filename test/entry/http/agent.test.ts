import { parseEnrolAnswer } from "../../../runtime/agent/answers";
import { someSettings } from "../../fixtures/records";
import { Agent, at, idle, launched, running } from "./agent-client";
import { bundlePart, bundleWith, form, formType, specPart } from "./forms";
import { closeAll, startWorld, token } from "./http-world";

afterEach(closeAll);

describe("POST /agent/v1/enrol", () => {
  it("answers 200 with a lease to the machine that was launched, and again to the same agent", async () => {
    const { agent } = await launched();
    for (let n = 0; n < 2; n += 1) {
      const answer = await agent.enrol();
      expect(answer.status).toBe(200);
      expect(answer.json()).toMatchObject({
        profile: "small",
        executor: { kind: "command" },
        lease: expect.any(String),
      });
    }
  });

  it.each([1_000, 2_000, 10_000, 29_999, 60_000])(
    "gives the agent a rhythm that it understands when a lease lasts %i ms",
    async (durationMs) => {
      const settings = { ...someSettings(), lease: { durationMs } };
      const { agent } = await launched({ settings });
      const heartbeatMs = parseEnrolAnswer((await agent.enrol()).json())?.heartbeatMs ?? NaN;
      expect(heartbeatMs).toBeGreaterThan(0);
      expect(heartbeatMs).toBeLessThan(durationMs / 2);
    },
  );

  it("answers 410 to any other agent", async () => {
    const { agent } = await launched();
    await agent.enrol();
    const answer = await agent.enrol({ nonce: "another-0123456789abcdef" });
    expect([answer.status, answer.code]).toEqual([410, "enrolment-taken"]);
  });

  it("answers 202 to a valid machine that is not written yet", async () => {
    const { server, agent } = await launched();
    const proof = { kind: "token", token: server.ports.tokens.mint("boot", "small/not-yet") };
    const answer = await agent.enrol({ proof });
    expect(answer.status).toBe(202);
    expect(answer.json()).toEqual({ retryAfterMs: expect.any(Number) });
  });

  it("answers 401 to a machine that proves nothing", async () => {
    const { agent } = await launched();
    expect((await agent.enrol({ proof: { kind: "token", token: "guessed" } })).status).toBe(401);
    expect((await agent.enrol({ proof: { kind: "token", token } })).status).toBe(401);
  });

  it.each([
    ["protocol", { protocol: 2 }],
    ["nonce", { nonce: "short" }],
    ["bootedAt", { bootedAt: "yesterday" }],
    ["bootedAt", { bootedAt: "2026-13-45T99:00:00Z" }],
    ["proof", { proof: "token" }],
    ["agent", { agent: null }],
  ])("answers 400 where %s is wrong: %j", async (field, changes) => {
    const { agent } = await launched();
    const answer = await agent.enrol(changes);
    expect([answer.status, answer.code]).toEqual([400, "bad-request"]);
    expect(answer.text).toContain(field);
  });
});

describe("POST /agent/v1/report", () => {
  it("takes a job from listening to its end, with its log", async () => {
    const { server, agent, key } = await launched();
    const assignment = await agent.listen();
    expect(assignment).toMatchObject({ job: key, command: ["make"], attempt: 1 });
    const data = Buffer.from("built\n").toString("base64");
    const started = await agent.report([{ type: "started", at }], { offset: 0, data });
    expect(started.json()).toMatchObject({ logOffset: 6, cancel: false, drain: false });
    expect(await server.world.job(key)).toMatchObject({ state: "running" });
    await agent.report([{ type: "finished", at, exitCode: 0, signal: null, reason: null, detail: null }]);
    expect((await server.ask(`/api/v1/jobs/${encodeURIComponent(key)}`)).json()).toMatchObject({
      state: "completed",
      exitCode: 0,
    });
    expect((await server.ask(`/api/v1/jobs/${encodeURIComponent(key)}/logs`)).text).toBe("built\n");
  });

  it.each(["interrupted", "agent-lost", "bundle-refused"])("takes the word %s for why a job ended", async (reason) => {
    const { agent } = await running();
    const finished = { type: "finished", at, exitCode: null, signal: null, reason, detail: "x" };
    expect((await agent.report([finished])).status).toBe(200);
  });

  it("answers 409 to an attempt that is not the current one", async () => {
    const { agent } = await running();
    agent.attempt = 2;
    const answer = await agent.report([]);
    expect([answer.status, answer.code]).toEqual([409, "stale-attempt"]);
  });

  it("answers 401 without a lease, with a forged one, and with the server's own token", async () => {
    const { agent } = await launched();
    for (const bearer of [null, "forged", token]) {
      expect((await agent.ask("report", { body: { attempt: 0, events: [] }, bearer })).status).toBe(401);
    }
  });

  it.each([
    [{ attempt: -1, events: [] }],
    [{ attempt: 1 }],
    [{ attempt: 1, events: [{ type: "exploded", at }] }],
    [{ attempt: 1, events: [{ type: "finished", at }] }],
    [{ attempt: 1, events: [], log: { offset: -1, data: "" } }],
    [{ attempt: 1, events: [], log: { offset: 0, data: "no base64!" } }],
  ])("answers 400 to %j", async (body) => {
    const { agent } = await launched();
    await agent.listen();
    expect((await agent.ask("report", { body })).code).toBe("bad-request");
  });
});

describe("GET /agent/v1/bundle", () => {
  it("sends the bundle of the runner's own job, byte by byte", async () => {
    const server = await startWorld();
    const bundle = bundleWith("a");
    const body = form([specPart({ command: ["make"] }), bundlePart(bundle)]);
    await server.ask("/api/v1/jobs", { method: "POST", body, headers: formType });
    await server.pump();
    const agent = new Agent(server);
    expect((await agent.listen())?.bundle?.bytes).toBe(bundle.length);
    const message = await server.open("/agent/v1/bundle", { bearer: agent.lease });
    const chunks: Buffer[] = [];
    for await (const chunk of message) chunks.push(chunk as Buffer);
    expect(message.headers["content-type"]).toBe("application/gzip");
    expect(Buffer.concat(chunks).equals(bundle)).toBe(true);
  });

  it("answers 404 for a job without one, and 409 to a runner without a job", async () => {
    const { agent } = await running();
    expect((await agent.ask("bundle")).code).toBe("not-found");
    const { agent: other } = await idle();
    expect((await other.ask("bundle")).code).toBe("stale-attempt");
  });
});
