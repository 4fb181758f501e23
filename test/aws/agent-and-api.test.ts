import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { AgentOrders } from "../../runtime/core/agent-protocol";
import { systemClock } from "../../runtime/entry/host/node-random";
import { createAgent } from "../../runtime/entry/lambda/agent";
import { createApi } from "../../runtime/entry/lambda/api";
import { bundleWith } from "../entry/http/forms";
import { temporaryFolder } from "../fixtures/temporary-folder";
import { FleetWorld, useMoto } from "./fleet-world";
import { captured } from "./lines";
import { at, bytesOf, DrivenFleet, jobPath, json, jsonOf } from "./driven-fleet";
import { doorNames, doors } from "./requests";
import { StubEc2 } from "./stub-ec2";

const url = useMoto();
captured();
let ec2: StubEc2;
beforeAll(async () => {
  ec2 = await StubEc2.start();
  process.env["AWS_ENDPOINT_URL_EC2"] = ec2.url;
});
afterAll(() => ec2.stop());

describe("the functions agent and api", () => {
  let world: FleetWorld;
  let fleet: DrivenFleet;
  beforeEach(async () => {
    world = await FleetWorld.deploy(url());
    fleet = new DrivenFleet(world);
  });

  it.each(doorNames)("take a job from being handed in to its end, through %s", async (door) => {
    fleet.door = door;
    const key = await fleet.submit({ command: ["make", "test"] });
    await fleet.pump();
    const enrolled = await fleet.enrol();
    expect(enrolled.statusCode).toBe(200);
    // A third of the lease of three minutes.
    expect(jsonOf(enrolled)).toMatchObject({ profile: "small", heartbeatMs: 60_000 });
    const listening = await fleet.agent("report", { attempt: 0, events: [{ type: "listening", at }] });
    expect(jsonOf<AgentOrders>(listening).assignment).toMatchObject({ job: key, command: ["make", "test"] });
    const log = { offset: 0, data: Buffer.from("hällo\n").toString("base64") };
    const started = await fleet.agent("report", { attempt: 1, events: [{ type: "started", at }], log });
    expect(jsonOf<AgentOrders>(started).logOffset).toBe(7);
    const end = { type: "finished", at, exitCode: 0, signal: null, reason: null, detail: null };
    expect((await fleet.agent("report", { attempt: 1, events: [end] })).statusCode).toBe(200);
    expect(jsonOf(await fleet.api({ method: "GET", path: jobPath(key) }))).toMatchObject({
      state: "completed",
      exitCode: 0,
    });
    const printed = await fleet.api({
      method: "GET",
      path: jobPath(key, "/logs"),
      query: { offset: "1", follow: "true" },
    });
    expect(bytesOf(printed).toString()).toBe("ällo\n");
    expect(printed.headers).toMatchObject({ "content-type": "text/plain; charset=utf-8", "x-onejob-log-size": "7" });
    await fleet.pump();
    expect((await world.ledger.readProfile("small")).runners).toEqual([]);
    expect(ec2.actions).toContain("TerminateInstances");
  });

  it("hand a packed folder over as it was handed in", async () => {
    const bundle = bundleWith("a.txt");
    await fleet.submit({ command: ["cat", "a.txt"] }, bundle);
    await fleet.pump();
    await fleet.enrol();
    await fleet.agent("report", { attempt: 0, events: [{ type: "listening", at }] });
    const answer = await fleet.agent("bundle");
    expect(answer).toMatchObject({ statusCode: 200, isBase64Encoded: true });
    expect(bytesOf(answer).equals(bundle)).toBe(true);
  });

  it("answer a heartbeat at once, however long its agent would wait", async () => {
    await fleet.submit({ command: ["make"] });
    await fleet.pump();
    await fleet.enrol();
    await fleet.agent("report", { attempt: 0, events: [{ type: "listening", at }] });
    const began = performance.now();
    expect((await fleet.agent("heartbeat", { attempt: 1, waitMs: 60_000 })).statusCode).toBe(200);
    expect(performance.now() - began).toBeLessThan(30_000);
  });
});

describe("the api function", () => {
  let fleet: DrivenFleet;
  beforeEach(async () => (fleet = new DrivenFleet(await FleetWorld.deploy(url()))));

  it.each(["/api/v1/status", "/api/v1/profiles", "/api/v1/runners", "/api/v1/jobs", "/openapi.json", "/ready"])(
    "answers GET %s without a token: IAM has decided before",
    async (path) => {
      expect((await fleet.api({ method: "GET", path })).statusCode).toBe(200);
    },
  );

  it.each([
    { method: "POST", path: "/agent/v1/enrol" },
    { method: "POST", path: "/webhooks/gh" },
    { method: "GET", path: "/api/v1/events" },
    { method: "GET", path: "/metrics" },
  ])("has no $method $path", async (request) => {
    expect(await fleet.api({ ...request, headers: json, body: "{}" })).toMatchObject({ statusCode: 404 });
  });

  it("finds a job whose key came with its slashes decoded", async () => {
    const key = await fleet.submit({ command: ["make"] });
    for (const rest of ["", "/timeline", "/why"])
      expect((await fleet.api({ method: "GET", path: `/api/v1/jobs/${key}${rest}` })).statusCode).toBe(200);
  });

  it("makes one job of two tries with one key", async () => {
    const request = {
      path: "/api/v1/jobs",
      headers: { ...json, "Idempotency-Key": "k-1" },
      body: '{"command":["make"]}',
    };
    const keys = [await fleet.api(request), await fleet.api(request)].map((answer) => jsonOf(answer)["key"]);
    expect(keys[0]).toBe(keys[1]);
  });

  it.each([
    { why: "a spec without a command", body: "{}", status: 400, code: "bad-request" },
    { why: "labels that fit no profile", body: '{"command":["x"],"labels":["macos"]}', status: 422, code: "bad-label" },
  ])("refuses $why with $status", async ({ body, status, code }) => {
    const answer = await fleet.api({ path: "/api/v1/jobs", headers: json, body });
    expect(answer.statusCode).toBe(status);
    expect(jsonOf(answer)).toMatchObject({ error: { code } });
  });

  it("leaves the key alone that the machines' tokens are made with: it has no right to it", async () => {
    const { facts, ledger } = await FleetWorld.deploy(url());
    const request = { path: "/api/v1/jobs", headers: json, body: '{"command":["make"]}' };
    expect((await createApi(facts)(doors["a function URL"](request))).statusCode).toBe(201);
    // Whoever asks for it first makes it.
    expect(await ledger.remember("SECRET#agent-key", "nobody's", systemClock.now() + 60_000)).toBe("nobody's");
  });

  it("cancels a job, and says why another waits", async () => {
    const key = await fleet.submit({ command: ["make"] });
    expect((await fleet.api({ path: jobPath(key, "/cancel") })).statusCode).toBe(202);
    expect(jsonOf(await fleet.api({ method: "GET", path: jobPath(key, "/why") }))).toMatchObject({
      reason: "cancelled-by-user",
    });
  });

  it("answers an error that may be tried again, in the usual shape, while there are no settings", async () => {
    const { world } = fleet;
    await world.dropParameter(`${world.facts.settingsPath}/base`);
    const answer = await createApi(world.facts)(doors["a function URL"]({ method: "GET", path: "/api/v1/status" }));
    expect(answer.statusCode).toBe(500);
    expect(jsonOf(answer)).toMatchObject({ error: { code: "internal", retry: true } });
  });
});

describe("the agent function", () => {
  let fleet: DrivenFleet;
  beforeEach(async () => (fleet = new DrivenFleet(await FleetWorld.deploy(url()))));

  it.each(["report", "heartbeat", "bundle"])("refuses %s without a lease of its own making", async (path) => {
    const body = path === "bundle" ? undefined : { attempt: 0, events: [], waitMs: 0 };
    for (const lease of ["", "oj_lease_x.y", "null"]) {
      fleet.lease = lease;
      expect((await fleet.agent(path, body)).statusCode).toBe(401);
    }
  });

  it("refuses a proof that proves nothing", async () => {
    const agent = { version: "1", os: "linux", arch: "x64" };
    const proof = { kind: "token", token: "oj_boot_x.y" };
    const body = { protocol: 1, proof, nonce: "nonce-0123456789abcdef", agent, bootedAt: at };
    expect((await fleet.agent("enrol", body)).statusCode).toBe(401);
  });

  it.each(["../../api/v1/jobs", "../../api/v1/status", "../../webhooks/gh", "../../openapi.json", "../../metrics"])(
    "opens %s to nobody",
    async (path) => {
      const forged = new URL(`http://x/agent/v1/${path}`).pathname;
      for (const asked of [forged, `/agent/v1/${path}`]) {
        const answer = await createAgent(fleet.world.facts)(doors["a function URL"]({ method: "GET", path: asked }));
        expect(answer.statusCode).toBe(401);
      }
    },
  );

  it("gives its program to whoever asks, and only once to who has it already", async () => {
    const folder = await temporaryFolder();
    const agentFile = join(folder.path, "agent.js");
    await writeFile(agentFile, "// the agent: ä\n");
    const served = new DrivenFleet(fleet.world, agentFile);
    const first = await served.agent("agent.js");
    expect(bytesOf(first).equals(await readFile(agentFile))).toBe(true);
    const hash = createHash("sha256").update(bytesOf(first)).digest("base64url");
    expect(first).toMatchObject({
      statusCode: 200,
      headers: {
        etag: `"${hash}"`,
        "content-type": "text/javascript; charset=utf-8",
        "cache-control": "public, max-age=86400",
      },
    });
    const again = await served.agent("agent.js", undefined, { headers: { "If-None-Match": `W/"${hash}"` } });
    expect(again).toMatchObject({ statusCode: 304, body: "" });
    await folder.remove();
  });

  it("answers an error, not a crash, when its program is not there", async () => {
    expect((await fleet.agent("agent.js")).statusCode).toBe(500);
  });
});
