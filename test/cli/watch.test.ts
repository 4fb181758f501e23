import type { FakeApi } from "../fakes/api-server";
import type { Terminal } from "./terminal";
import { onFakeServer, until } from "./terminal";

describe("onejob watch", () => {
  let api: FakeApi;
  let terminal: Terminal;
  onFakeServer((made) => ({ api, terminal } = made));

  it.each([
    ["completed", 0],
    ["failed", 1],
    ["cancelled", 1],
    ["expired", 1],
  ] as const)("exits when the job is %s, with %i", async (state, code) => {
    const { key, id } = api.addJob();
    const running = terminal.run("watch", id);
    await until(() => terminal.printed.includes("queued"));
    api.change(key, { state: "running" });
    api.change(key, { state });
    const ran = await running;
    expect(ran.code).toBe(code);
    expect(ran.out).toContain("running");
    expect(ran.out).toContain(state);
  });

  it("leaves at once when the job has ended already", async () => {
    const { id } = api.addJob({ state: "completed" });
    expect((await terminal.run("watch", id)).code).toBe(0);
  });

  it("misses no end that came while the server was away", async () => {
    terminal.patience.giveUpMs = 60_000;
    const { key, id } = api.addJob({ state: "running" });
    const running = terminal.run("watch", id);
    await until(() => api.watched);
    await api.stop();
    api.change(key, { state: "failed", exitCode: 1 });
    await api.start();
    terminal.serves(api);
    expect((await running).code).toBe(1);
  });

  it("prints one JSON value per line with --output json, and only the watched job", async () => {
    const { key, id } = api.addJob();
    const other = api.addJob();
    const running = terminal.run("watch", id, "--output", "json");
    await until(() => terminal.printed.includes("queued"));
    api.change(other.key, { state: "running" });
    api.change(key, { state: "completed" });
    const lines = (await running).out.trim().split("\n");
    expect(lines.map((line) => (JSON.parse(line) as { key: string; state: string }).state)).toEqual([
      "queued",
      "completed",
    ]);
  });

  it("without a job shows every job and runner, and exits 69 when the server stays away", async () => {
    const { key } = api.addJob();
    const running = terminal.run("watch");
    await until(() => api.watched);
    api.change(key, { state: "running" });
    await until(() => terminal.printed.includes(key));
    await api.stop();
    expect((await running).code).toBe(69);
  });
});

describe("onejob watch, of a server that does not tell of changes", () => {
  let api: FakeApi;
  let terminal: Terminal;
  onFakeServer((made) => {
    ({ api, terminal } = made);
    api.heldOpen = false;
  });
  const looks = (path: string): number => api.requests.filter((request) => request.path === path).length;

  it("sees a job through to its end, one line per change", async () => {
    const { key, id } = api.addJob();
    const running = terminal.run("watch", id, "--output", "json");
    await until(() => looks(`/api/v1/jobs/${encodeURIComponent(key)}`) >= 3);
    api.change(key, { state: "running" });
    await until(() => terminal.printed.includes("running"));
    api.change(key, { state: "completed" });
    const { code, out } = await running;
    const states = out
      .trim()
      .split("\n")
      .map((line) => (JSON.parse(line) as { state: string }).state);
    expect([code, states]).toEqual([0, ["queued", "running", "completed"]]);
    expect(looks("/api/v1/events")).toBe(1);
  });

  it("shows jobs that come and change, and runners that come and go, but nothing of before", async () => {
    const runner = { id: "r1", name: "onejob-r1", state: "idle", job: null, createdAt: "2030-01-01T00:00:00.000Z" };
    const old = api.addJob();
    api.answers.set("GET /api/v1/runners", { items: [] });
    const running = terminal.run("watch");
    await until(() => looks("/api/v1/runners") >= 2);
    expect(terminal.printed).toBe("");
    api.answers.set("GET /api/v1/runners", { items: [runner] });
    const { key } = api.addJob();
    await until(() => terminal.printed.includes("onejob-r1"));
    api.answers.set("GET /api/v1/runners", { items: [] });
    api.change(key, { state: "running" });
    await until(() => terminal.printed.includes("gone") && terminal.printed.includes("running"));
    expect(terminal.printed).not.toContain(old.key);
    await api.stop();
    expect((await running).code).toBe(69);
  });
});
