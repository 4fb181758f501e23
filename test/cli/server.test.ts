import { FakeApi } from "../fakes/api-server";
import { Terminal } from "./terminal";

const runner = {
  id: "4k2jab",
  name: "onejob-4k2jab",
  profile: "small",
  compute: "process",
  machine: "m1",
  state: "running",
  job: "api/local/01j",
  createdAt: "2030-01-01T00:00:00.000Z",
  deadlineAt: null,
  lastHeartbeatAt: null,
};

describe("looking after a server", () => {
  let api: FakeApi;
  let terminal: Terminal;

  beforeEach(async () => {
    api = await new FakeApi().start();
    terminal = new Terminal().serves(api);
    api.answers.set("GET /api/v1/runners", { items: [runner, { ...runner, id: "4k9", name: "onejob-4k9" }] });
  });
  afterEach(async () => {
    await api.stop();
    terminal.remove();
  });

  it("status counts jobs and runners by state, and names the server's version", async () => {
    api.answers.set("GET /api/v1/status", {
      version: "0.9.9",
      uptimeMs: 61_000,
      draining: true,
      jobs: { queued: 2, running: 1, failed: 0 },
      runners: {},
      queueDepth: 4,
      profiles: 2,
    });
    const { out } = await terminal.run("status");
    expect(out).toContain(`${api.url}, version 0.9.9, up 1 min 1 s`);
    expect(out).toMatch(/jobs +2 queued, 1 running\n/);
    expect(out).toMatch(/runners +none\n/);
    expect(out).toMatch(/intake +draining/);
  });

  it("runners lists by default; show and drain take an id, a name, or the beginning of either", async () => {
    expect((await terminal.run("runners")).out).toMatch(/onejob-4k2jab +running +small/);
    expect((await terminal.run("runners", "show", "onejob-4k2")).out).toMatch(/machine +m1/);
    api.answers.set("POST /api/v1/runners/4k2jab/drain", {});
    expect((await terminal.run("runners", "drain", "4k2jab")).code).toBe(0);
    expect(api.requests.at(-1)).toMatchObject({ method: "POST", path: "/api/v1/runners/4k2jab/drain" });
  });

  it("runners show exits 66 for a runner that is not there and 2 for a beginning that two share", async () => {
    expect((await terminal.run("runners", "show", "zz")).code).toBe(66);
    expect((await terminal.run("runners", "show", "4k")).code).toBe(2);
  });

  it.each([
    [["drain"], { now: false, resume: false }],
    [["drain", "--all", "--now"], { now: true, resume: false }],
    [["drain", "--resume"], { now: false, resume: true }],
  ])("%j asks the server to drain so", async (argv, body) => {
    api.answers.set("POST /api/v1/drain", {});
    expect((await terminal.run(...argv)).code).toBe(0);
    expect(JSON.parse(api.requests[0]?.body ?? "")).toEqual(body);
  });

  it("drain --now --resume is a contradiction", async () => {
    expect((await terminal.run("drain", "--now", "--resume")).code).toBe(2);
    expect(api.requests).toEqual([]);
  });

  it("profiles shows labels and how full each one is", async () => {
    const profile = { name: "small", labels: ["linux", "x64"], compute: { kind: "process" }, priority: 0 };
    const items = [{ ...profile, limits: { maxRunners: 8 }, live: 3, waiting: 1 }];
    api.answers.set("GET /api/v1/profiles", { items });
    expect((await terminal.run("profiles")).out).toMatch(/small +process +3\/8 +1 +0 +linux, x64/);
  });
});
