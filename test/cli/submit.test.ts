import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import type { JobView } from "../../runtime/cli/api-types";
import { FakeApi } from "../fakes/api-server";
import { Terminal, until } from "./terminal";

describe("onejob submit", () => {
  let api: FakeApi;
  let terminal: Terminal;

  beforeEach(async () => {
    api = await new FakeApi().start();
    terminal = new Terminal().serves(api);
    writeFileSync(join(terminal.cwd, "hello.txt"), "hello from the working folder");
  });
  afterEach(async () => {
    await api.stop();
    terminal.remove();
  });

  const ends = (facts: Partial<JobView>): void => {
    api.onSubmit = ({ key }) => api.end(key, facts);
  };

  it.each<[claim: string, facts: Partial<JobView>, code: number]>([
    ["0 when the command ends well", { state: "completed", exitCode: 0 }, 0],
    ["the command's own code", { state: "failed", reason: "command-failed", exitCode: 3 }, 3],
    ["128+n when signal n killed the command", { state: "failed", reason: "command-failed", exitCode: 137 }, 137],
    ["124 when it ran too long", { state: "failed", reason: "job-timeout", exitCode: 143 }, 124],
    ["125 when its machine is lost", { state: "failed", reason: "agent-lost" }, 125],
    ["125 when it waited too long", { state: "expired", reason: "queue-timeout" }, 125],
    ["125 when the machine refuses the folder", { state: "failed", reason: "bundle-refused", exitCode: 1 }, 125],
    ["130 when it was cancelled", { state: "cancelled", reason: "cancelled-by-user", exitCode: 143 }, 130],
  ])("exits with %s", async (_claim, facts, code) => {
    ends(facts);
    expect((await terminal.run("submit", "--", "true")).code).toBe(code);
  });

  it("says on standard error why Onejob failed, and what to do", async () => {
    ends({ state: "failed", reason: "agent-lost" });
    const { err, out } = await terminal.run("submit", "--quiet", "--", "true");
    expect(err).toContain("the job failed (agent-lost): the machine died");
    expect(err).toContain("to do: submit it again");
    expect(out).toBe("");
  });

  it("keeps standard output to the command's own, and names the job on standard error", async () => {
    api.onSubmit = ({ key }) => {
      api.log(key, "one\n");
      api.log(key, "two\n");
      api.end(key, { state: "completed", exitCode: 0 });
    };
    const { out, err } = await terminal.run("submit", "--", "make");
    expect(out).toBe("one\ntwo\n");
    expect(err).toMatch(/onejob: job 01jtest/);
  });

  it("takes everything after -- as the command, options that look like ours included", async () => {
    ends({ state: "completed", exitCode: 0 });
    await terminal.run("submit", "--name", "n", "--", "make", "--quiet", "--", "-j2", "");
    expect(api.submissions[0]?.spec.command).toEqual(["make", "--quiet", "--", "-j2", ""]);
  });

  it("sends labels, profile, variables, time-out, retries and name as given", async () => {
    ends({ state: "completed", exitCode: 0 });
    terminal.env = { ...terminal.env, SECRET: "s3", EMPTY: "" };
    const labels = ["--label", "linux,x64", "-l", "large", "--profile", "p"];
    const env = ["--env", "A=1=2", "--env", "SECRET", "--env", "EMPTY", "--env", "NOT_SET"];
    const rest = ["--timeout", "10 minutes", "--retries", "2", "--name", "mine"];
    await terminal.run("submit", ...labels, ...env, ...rest, "--", "true");
    expect(api.submissions[0]?.spec).toEqual({
      command: ["true"],
      labels: ["linux", "x64", "large"],
      profile: "p",
      env: { A: "1=2", SECRET: "s3", EMPTY: "" },
      timeout: "10 minutes",
      retries: 2,
      name: "mine",
    });
  });

  it("sends the working folder as a gzip tar", async () => {
    ends({ state: "completed", exitCode: 0 });
    await terminal.run("submit", "--", "true");
    const tar = gunzipSync(api.submissions[0]?.bundle ?? Buffer.alloc(0)).toString("latin1");
    expect(tar).toContain("hello.txt");
    expect(tar).toContain("hello from the working folder");
  });

  it("sends the folder named by --dir, seen from the working folder", async () => {
    ends({ state: "completed", exitCode: 0 });
    mkdirSync(join(terminal.cwd, "sub"));
    writeFileSync(join(terminal.cwd, "sub", "inner.txt"), "inner");
    await terminal.run("submit", "--dir", "sub", "--", "true");
    const tar = gunzipSync(api.submissions[0]?.bundle ?? Buffer.alloc(0)).toString("latin1");
    expect(tar).toContain("inner.txt");
    expect(tar).not.toContain("hello.txt");
  });

  it("sends nothing and exits 125 when the folder breaks a rule of the bundle", async () => {
    symlinkSync("/etc/passwd", join(terminal.cwd, "out"));
    const { code, err } = await terminal.run("submit", "--", "true");
    expect(code).toBe(125);
    expect(err).toContain("out");
    expect(api.requests).toEqual([]);
  });

  it.each([
    ["no command", ["submit"], "onejob submit -- make test"],
    ["a bad duration", ["submit", "--timeout", "1.5 minutes", "--", "true"], "--timeout must be a duration"],
    ["a bad number of retries", ["submit", "--retries", "-1", "--", "true"], "--retries must be a whole number"],
    ["more retries than there may be", ["submit", "--retries", "11", "--", "true"], "from 0 to 10"],
    ["a variable without a name", ["submit", "--env", "=secret", "--", "true"], "no name of a variable"],
    ["an empty label", ["submit", "--label", "a,,b", "--", "true"], "a label is empty"],
  ])("exits 2 on %s, before anything is sent", async (_claim, argv, message) => {
    const { code, err } = await terminal.run(...argv);
    expect(code).toBe(2);
    expect(err).toContain(message);
    expect(err).not.toContain("secret");
    expect(api.requests).toEqual([]);
  });

  it.each([
    [422, "bad-label", 125],
    [413, "body-too-large", 125],
    [500, "internal", 125],
    [503, "not-accepting", 125],
    [401, "unauthorised", 77],
  ])("maps the server's answer %i %s to exit code %i", async (status, code, expected) => {
    api.replyNext("POST /api/v1/jobs", {
      status,
      body: { error: { code, what: "no such label: gpu", fix: "run onejob profiles", retry: false } },
    });
    const ran = await terminal.run("submit", "--", "true");
    expect(ran.code).toBe(expected);
    expect(ran.err).toBe("onejob: no such label: gpu\n  to do: run onejob profiles\n");
  });

  it("makes one job when the answer to its request is lost, by asking again with the same key", async () => {
    ends({ state: "completed", exitCode: 0 });
    api.replyNext("POST /api/v1/jobs", "drop");
    expect((await terminal.run("submit", "--", "true")).code).toBe(0);
    const keys = api.requests
      .filter(({ method }) => method === "POST")
      .map(({ headers }) => headers["idempotency-key"]);
    expect(keys).toHaveLength(2);
    expect(keys[0]).toMatch(/^[0-9a-f-]{36}$/);
    expect(keys[1]).toBe(keys[0]);
  });

  it("asks no more once it hears that the server takes no jobs", async () => {
    terminal.patience.giveUpMs = 60_000;
    const error = { code: "not-accepting", what: "no new jobs", fix: "run onejob drain --resume", retry: true };
    api.replyNext("POST /api/v1/jobs", "drop");
    for (let times = 0; times < 5; times += 1) api.replyNext("POST /api/v1/jobs", { status: 503, body: { error } });
    const { code, err } = await terminal.run("submit", "--", "true");
    expect([code, err]).toEqual([125, "onejob: no new jobs\n  to do: run onejob drain --resume\n"]);
  });

  it("uses a new idempotency key for every invocation", async () => {
    ends({ state: "completed", exitCode: 0 });
    await terminal.run("submit", "--", "true");
    await terminal.run("submit", "--", "true");
    expect(new Set(api.submissions.map(({ idempotencyKey }) => idempotencyKey)).size).toBe(2);
  });

  it("loses and doubles nothing of the log when the server restarts on another port", async () => {
    terminal.patience.giveUpMs = 60_000;
    const running = terminal.run("submit", "--", "make");
    await until(() => api.submissions.length === 1);
    const key = "api/local/01jtest0000000000000000000";
    await until(() => api.isFollowed(key));
    api.log(key, "before\n");
    await api.stop();
    await api.start();
    terminal.serves(api);
    api.log(key, "after\n");
    await until(() => api.isFollowed(key));
    api.log(key, "end\n");
    api.end(key, { state: "completed", exitCode: 0 });
    const { out, code } = await running;
    expect(out).toBe("before\nafter\nend\n");
    expect(code).toBe(0);
  });

  it("exits 69 when the server stays away, and says that the job goes on", async () => {
    const running = terminal.run("submit", "--", "make");
    await until(() => api.isFollowed("api/local/01jtest0000000000000000000"));
    await api.stop();
    const { code, err } = await running;
    expect(code).toBe(69);
    expect(err).toContain("onejob logs -f 01jtest0000000000000000000");
  });

  it("cancels the job on the first Ctrl-C and waits for its end", async () => {
    const running = terminal.run("submit", "--", "make");
    await until(() => api.isFollowed("api/local/01jtest0000000000000000000"));
    terminal.pressCtrlC();
    expect((await running).code).toBe(130);
    expect(api.job("api/local/01jtest0000000000000000000").state).toBe("cancelled");
  });

  it("leaves at once on the second Ctrl-C", async () => {
    let asked = 0;
    api.onCancel = () => void (asked += 1);
    const running = terminal.run("submit", "--", "make");
    await until(() => api.isFollowed("api/local/01jtest0000000000000000000"));
    terminal.pressCtrlC();
    await until(() => asked === 1);
    terminal.pressCtrlC();
    expect((await running).code).toBe(130);
    expect(api.job("api/local/01jtest0000000000000000000").state).toBe("queued");
  });

  it("prints the job and leaves with --detach; its id alone with --quiet; the API's answer with --output json", async () => {
    expect((await terminal.run("submit", "--detach", "--", "true")).out).toBe("api/local/01jtest0000000000000000000\n");
    expect((await terminal.run("submit", "-d", "--quiet", "--", "true")).out).toBe("01jtest0000000000000000001\n");
    const json = await terminal.run("submit", "-d", "--output", "json", "--", "true");
    expect(JSON.parse(json.out)).toMatchObject({ id: "01jtest0000000000000000002", state: "queued" });
  });

  it("says once why the job does not start", async () => {
    const key = "api/local/01jtest0000000000000000000";
    const why = { waiting: true, reason: "at-profile-cap", what: "the profile is full", fix: "wait", stages: [] };
    api.answers.set(`GET /api/v1/jobs/${encodeURIComponent(key)}/why`, why);
    const asked = (): number => api.requests.filter(({ path }) => path.endsWith("/why")).length;
    const running = terminal.run("submit", "--", "make");
    await until(() => asked() >= 3);
    api.end(key, { state: "completed", exitCode: 0 });
    const { err } = await running;
    expect(err.match(/waiting \(at-profile-cap\): the profile is full/g)).toHaveLength(1);
  });
});
