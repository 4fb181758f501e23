import type { AgentOrders } from "../../runtime/core/agent-protocol";
import { runnerSubject } from "../../runtime/core/subject";
import { systemClock } from "../../runtime/entry/host/node-random";
import { openTokens } from "../../runtime/entry/host/signed-tokens";
import { createAgent } from "../../runtime/entry/lambda/agent";
import { createApi } from "../../runtime/entry/lambda/api";
import { bundleWith } from "../entry/http/forms";
import { FleetWorld, useMoto } from "./fleet-world";
import { captured } from "./lines";
import { at, bytesOf, DrivenFleet, jobPath, json, jsonOf } from "./driven-fleet";
import { useMachines } from "./machines";
import { doorNames, doors } from "./requests";
import { useEc2 } from "./use-ec2";

const url = useMoto();
const lines = captured();
const machines = useMachines();
const ec2 = useEc2(url);

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
    const enrolled = await fleet.enrol(machines);
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
    expect(ec2().actions).toContain("TerminateInstances");
  });

  it("hand a packed folder over as it was handed in", async () => {
    const bundle = bundleWith("a.txt");
    await fleet.submit({ command: ["cat", "a.txt"] }, bundle);
    await fleet.pump();
    await fleet.enrol(machines);
    await fleet.agent("report", { attempt: 0, events: [{ type: "listening", at }] });
    const answer = await fleet.agent("bundle");
    expect(answer).toMatchObject({ statusCode: 200, isBase64Encoded: true });
    expect(bytesOf(answer).equals(bundle)).toBe(true);
  });

  it("answer a heartbeat at once, however long its agent would wait", async () => {
    await fleet.submit({ command: ["make"] });
    await fleet.pump();
    await fleet.enrol(machines);
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

  const strangers = [
    { who: "somebody of another account", account: "210987654321" },
    { who: "nobody", account: null },
    { who: "somebody of no account", account: "" },
  ];
  it.each(doorNames.flatMap((door) => strangers.map((stranger) => ({ door, ...stranger }))))(
    "answers nothing to what is signed by $who, through $door, and tells it in the log as no fault of ours",
    async ({ door, account }) => {
      fleet.door = door;
      for (const path of ["/api/v1/jobs", "/openapi.json", "/ready"]) {
        const answer = await fleet.api({ method: "GET", path, account });
        expect(answer.statusCode).toBe(401);
        expect(jsonOf(answer)).toMatchObject({ error: { code: "unauthorised" } });
      }
      const levels = lines.logged().map(({ level }) => level);
      expect(new Set(levels)).toEqual(new Set(["info"]));
    },
  );

  it.each([
    { why: "a method nobody knows", method: "FOO", path: "/api/v1/status", status: 404, code: "not-found" },
    { why: "a method without a route", method: "TRACE", path: "/api/v1/status", status: 404, code: "not-found" },
    { why: "no method", method: "", path: "/api/v1/status", status: 404, code: "not-found" },
    { why: "no path", method: "GET", path: "", status: 400, code: "bad-request" },
    { why: "a path of two slashes", method: "GET", path: "//", status: 400, code: "bad-request" },
    { why: "a host for a path", method: "GET", path: "//x/api/v1/status", status: 400, code: "bad-request" },
    { why: "a whole address", method: "GET", path: "http://x/api/v1/status", status: 400, code: "bad-request" },
  ])("refuses $why with $status, and takes it for no fault of ours", async ({ method, path, status, code }) => {
    const answer = await fleet.api({ method, path });
    expect(answer.statusCode).toBe(status);
    expect(jsonOf(answer)).toMatchObject({ error: { code } });
    expect(lines.logged().filter(({ message }) => message !== "first call of a process")).toMatchObject([
      { level: "info", code },
    ]);
  });

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

  const submitted = async (): Promise<void> => {
    await fleet.submit({ command: ["make"] });
    await fleet.pump();
  };

  it("takes the machine its role and its tags prove, by asking STS", async () => {
    await submitted();
    expect((await fleet.enrol(machines)).statusCode).toBe(200);
    expect(machines.asked().at(-1)).toBe("https://sts.eu-west-1.amazonaws.com/");
  });

  it.each([
    ["signed for another fleet", { fleet: "another" }],
    ["signed for another agent", { nonce: "nonce-of-somebody-else" }],
    ["of another account", { account: "210987654321" }],
    ["of another role", { roleId: "AROAOTHER" }],
    ["of a machine the runner does not have", { machine: "i-0fedcba9876543210" }],
  ])("refuses a proof %s", async (_which, changes) => {
    await submitted();
    expect((await fleet.enrol(machines, changes)).statusCode).toBe(401);
  });

  it("refuses a boot token, also one that is right: no machine of a fleet is handed one", async () => {
    await submitted();
    const { runners } = await fleet.world.ledger.readProfile("small");
    const tokens = await openTokens(fleet.world.ledger);
    const right = tokens.mint("boot", runnerSubject({ profile: "small" }, runners[0]?.id ?? ""));
    const before = machines.asked().length;
    for (const token of [right, "oj_boot_x.y"])
      expect((await fleet.enrolBy({ kind: "token", token })).statusCode).toBe(401);
    expect(machines.asked()).toHaveLength(before);
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
});
