import { parse } from "yaml";
import type { FakeApi } from "../fakes/api-server";
import type { Terminal } from "./terminal";
import { onFakeServer, until } from "./terminal";

describe("looking at jobs", () => {
  let api: FakeApi;
  let terminal: Terminal;
  onFakeServer((made) => ({ api, terminal } = made));

  const answer = (key: string, rest: string, body: unknown): void =>
    void api.answers.set(`GET /api/v1/jobs/${encodeURIComponent(key)}${rest}`, body);

  it("list aligns its columns and keeps them in order", async () => {
    api.addJob({ name: "a", state: "completed", exitCode: 0 });
    api.addJob({ name: "longer", state: "queued", reason: "at-profile-cap" });
    const { out } = await terminal.run("list");
    const [title = "", first = "", second = ""] = out.split("\n");
    expect(title).toMatch(/^JOB +NAME +STATE +REASON +EXIT +PROFILE +TOOK +CREATED$/);
    expect(first.indexOf("completed")).toBe(title.indexOf("STATE"));
    expect(second.indexOf("queued")).toBe(title.indexOf("STATE"));
  });

  it("list --output json prints what the API answered, yaml the same", async () => {
    const job = api.addJob();
    const expected = { items: [job], nextCursor: null };
    expect(JSON.parse((await terminal.run("list", "--output", "json")).out)).toEqual(expected);
    expect(parse((await terminal.run("--output", "yaml", "list")).out)).toEqual(expected);
    terminal.env = { ...terminal.env, ONEJOB_OUTPUT: "json" };
    expect(JSON.parse((await terminal.run("list")).out)).toEqual(expected);
  });

  it("list passes its filters on and names the next page on standard error", async () => {
    api.answers.set("GET /api/v1/jobs", { items: [api.addJob()], nextCursor: "c2" });
    const { err } = await terminal.run(
      "list",
      "--state",
      "running",
      "--source",
      "gh",
      "--limit",
      "5",
      "--cursor",
      "c1",
    );
    expect(api.requests[0]?.query).toEqual({ state: "running", source: "gh", limit: "5", cursor: "c1" });
    expect(err).toContain("onejob list --cursor c2");
  });

  it("list --quiet prints ids alone", async () => {
    const { id } = api.addJob();
    expect(await terminal.run("list", "--quiet")).toEqual({ code: 0, out: `${id}\n`, err: "" });
  });

  it("shows times as they are to programs, and relative to now on a terminal", async () => {
    api.addJob({ createdAt: "2020-01-01T00:00:00.000Z" });
    expect((await terminal.run("list")).out).toContain("2020-01-01T00:00:00.000Z");
    terminal.isTTY = { stdin: false, stdout: true, stderr: true };
    expect((await terminal.run("list")).out).toMatch(/\d+d ago/);
  });

  it("colours only on a terminal, and never with NO_COLOR or --no-color", async () => {
    api.addJob({ state: "failed" });
    const colour = "\u001b[31m";
    expect((await terminal.run("list")).out).not.toContain(colour);
    terminal.isTTY = { stdin: true, stdout: true, stderr: true };
    expect((await terminal.run("list")).out).toContain(colour);
    expect((await terminal.run("list", "--no-color")).out).not.toContain(colour);
    terminal.env = { ...terminal.env, NO_COLOR: "1" };
    expect((await terminal.run("list")).out).not.toContain(colour);
  });

  it("does not let a job's name move the cursor", async () => {
    api.addJob({ name: "evil\u001b[2J\nname" });
    expect((await terminal.run("list")).out).toContain("evil?[2J?name");
  });

  it("passes a forge's job address on in one piece", async () => {
    const url = "https://github.com/acme/widgets/actions/runs/1/job/2?pr=3";
    const { key } = api.addJob({ url });
    answer(key, "/timeline", { items: [] });
    expect((await terminal.run("show", url)).code).toBe(0);
    expect(api.requests[0]?.path).toBe(`/api/v1/jobs/${encodeURIComponent(url)}`);
  });

  it("show prints the facts, the timeline and a bar per stage", async () => {
    const { key, id } = api.addJob({ state: "failed", reason: "command-failed", exitCode: 3 });
    const at = (ms: number): string => new Date(Date.UTC(2030, 0, 1) + ms).toISOString();
    answer(key, "/timeline", {
      items: [
        { at: at(0), stage: "created", attempt: 1 },
        { at: at(10), stage: "started", attempt: 1 },
        { at: at(2010), stage: "finished", attempt: 1, reason: "command-failed", detail: "exit 3" },
      ],
    });
    const { out, code } = await terminal.run("show", id.slice(0, 8));
    expect(code).toBe(0);
    expect(out).toMatch(/state +failed \(command-failed\)/);
    expect(out).toMatch(/exit code +3/);
    expect(out).toMatch(/finished +1 +command-failed +exit 3/);
    expect(out).toContain(`started  2.0 s  ${"#".repeat(30)}\n`);
    expect(out).toMatch(/created  10 ms\n/);
  });

  it("why gives the coded reason, what it means, what to do, and where the time went", async () => {
    const job = api.addJob();
    const stages = [
      { stage: "created", ms: 500 },
      { stage: "admitted", ms: 1000 },
    ];
    const why = { job, waiting: true, reason: "at-profile-cap", what: "the profile is full", fix: "wait", stages };
    answer("01jtest", "/why", why);
    const { out } = await terminal.run("why", "01jtest");
    expect(out).toContain("queued, waiting (at-profile-cap)");
    expect(out).toContain("why    the profile is full");
    expect(out).toContain("to do  wait");
    expect(out).toContain(`created   500 ms  ${"#".repeat(15)}\n`);
    expect(out).toContain(`admitted   1.0 s  ${"#".repeat(30)}\n`);
    expect(JSON.parse((await terminal.run("why", "01jtest", "-o", "json")).out)).toEqual(why);
  });

  it.each(["show", "why", "logs", "watch", "cancel", "rerun"])(
    "%s exits 66 when there is no such job",
    async (command) => {
      const { code, err, out } = await terminal.run(command, "01nothing");
      expect(code).toBe(66);
      expect(err).toContain("to do:");
      expect(out).toBe("");
    },
  );

  it("cancel asks and leaves; with --wait it stays until the job has ended", async () => {
    const first = api.addJob({ state: "running" });
    api.onCancel = () => undefined;
    expect((await terminal.run("cancel", first.id)).out).toBe(`${first.key} is being cancelled\n`);
    const running = terminal.run("cancel", "--wait", first.id);
    await until(() => api.requests.filter(({ path }) => path.endsWith("/cancel")).length === 2);
    api.end(first.key, { state: "cancelled" });
    expect(await running).toMatchObject({ code: 0, out: `${first.key} cancelled\n` });
  });

  it("rerun prints the new job", async () => {
    const { id } = api.addJob({ state: "failed" });
    const fresh = api.addJob();
    api.answers.set(`POST /api/v1/jobs/${id}/rerun`, fresh);
    expect((await terminal.run("rerun", id)).out).toBe(`${fresh.key}\n`);
    expect((await terminal.run("rerun", id, "--quiet")).out).toBe(`${fresh.id}\n`);
  });

  it("rerun exits 1 when the job has not ended", async () => {
    const { id } = api.addJob({ state: "running" });
    const error = { code: "not-final", what: "the job has not ended yet", fix: "cancel it first", retry: true };
    api.replyNext(`POST /api/v1/jobs/${id}/rerun`, { status: 409, body: { error } });
    expect((await terminal.run("rerun", id)).code).toBe(1);
  });
});
