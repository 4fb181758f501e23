import type { FakeApi } from "../fakes/api-server";
import type { Terminal } from "./terminal";
import { onFakeServer, until } from "./terminal";

describe("onejob logs", () => {
  let api: FakeApi;
  let terminal: Terminal;
  onFakeServer((made) => ({ api, terminal } = made));

  it("prints what there is and leaves, though the job still runs", async () => {
    const { key, id } = api.addJob({ state: "running" });
    api.log(key, "so far\n");
    expect(await terminal.run("logs", id)).toEqual({ code: 0, out: "so far\n", err: "" });
  });

  it("follows until the job has ended, and exits 0 whatever became of it", async () => {
    const { key, id } = api.addJob({ state: "running" });
    api.log(key, "one\n");
    const running = terminal.run("logs", "-f", id);
    await until(() => api.isFollowed(key));
    api.log(key, "two\n");
    api.end(key, { state: "failed", exitCode: 1 });
    expect(await running).toMatchObject({ code: 0, out: "one\ntwo\n" });
  });

  it("goes on at the byte where the connection broke", async () => {
    const { key, id } = api.addJob({ state: "running" });
    api.log(key, "grün\n");
    const running = terminal.run("logs", "-f", id);
    await until(() => api.isFollowed(key));
    api.breakConnections();
    await until(() => api.requests.filter(({ path }) => path.endsWith("/logs")).length >= 2);
    await until(() => api.isFollowed(key));
    api.log(key, "blau\n");
    api.end(key, { state: "completed", exitCode: 0 });
    const { out, err } = await running;
    expect(out).toBe("grün\nblau\n");
    expect(err).toContain("the server is away");
    expect(err).toContain("the server is back");
    const offsets = api.requests.filter(({ path }) => path.endsWith("/logs")).map(({ query }) => query.offset);
    expect(offsets.slice(0, 2)).toEqual(["0", "6"]);
  });

  it("fetches what was written after the stream ended and before the job did", async () => {
    const { key, id } = api.addJob({ state: "running" });
    const running = terminal.run("logs", "-f", id);
    await until(() => api.isFollowed(key));
    api.end(key, { state: "completed" });
    api.log(key, "last words\n");
    expect((await running).out).toBe("last words\n");
  });

  it("exits 66 when there is no such job, and 69 when the server stays away", async () => {
    expect((await terminal.run("logs", "01nothing")).code).toBe(66);
    const { key, id } = api.addJob({ state: "running" });
    const running = terminal.run("logs", "-f", id);
    await until(() => api.isFollowed(key));
    await api.stop();
    expect((await running).code).toBe(69);
  });
});

describe("onejob logs, of a server that holds nothing open", () => {
  let api: FakeApi;
  let terminal: Terminal;
  onFakeServer((made) => {
    ({ api, terminal } = made);
    api.heldOpen = false;
    api.mostLogBytes = 10;
  });
  const asked = (rest: string): number => api.requests.filter(({ path }) => path.endsWith(rest)).length;

  it.each(["logs", "logs -f"])("prints by `%s` what takes many answers", async (command) => {
    const { key, id } = api.addJob({ state: "running" });
    const text = "0123456789abc".repeat(9);
    api.log(key, text);
    api.end(key, { state: "completed" });
    expect(await terminal.run(...command.split(" "), id)).toEqual({ code: 0, out: text, err: "" });
  });

  it("follows by asking again until the job has ended, and asks for the job only then", async () => {
    const { key, id } = api.addJob({ state: "running" });
    const running = terminal.run("logs", "-f", id);
    await until(() => asked("/logs") >= 3);
    api.log(key, "one\n");
    await until(() => terminal.printed === "one\n");
    expect(asked(encodeURIComponent(key))).toBe(0);
    api.log(key, "two\n");
    api.end(key, { state: "failed", exitCode: 1 });
    expect(await running).toEqual({ code: 0, out: "one\ntwo\n", err: "" });
    expect(asked(encodeURIComponent(key))).toBe(1);
  });

  it("asks more and more seldom while nothing happens", async () => {
    terminal.patience = { ...terminal.patience, askMs: 10, seldomMs: 1_000_000 };
    const { key, id } = api.addJob({ state: "running" });
    const running = terminal.run("logs", "-f", id);
    await until(() => asked("/logs") >= 6);
    const before = asked("/logs");
    api.log(key, "x");
    await until(() => terminal.printed === "x");
    api.end(key, { state: "completed" });
    await running;
    // 10, 15, 22, 33, 50, 76, ... ms, and from the first byte on 10, 15, ...: a steady pace would have asked far more often.
    expect(asked("/logs") - before).toBeLessThan(20);
  });

  it("ends at what there is of a log that was thrown away meanwhile", async () => {
    const { key, id } = api.addJob({ state: "running" });
    api.log(key, "0123456789abcdef");
    api.mostLogBytes = 0;
    expect(await terminal.run("logs", id)).toEqual({ code: 0, out: "", err: "" });
  });

  it("lets submit be left at once by a second Ctrl-C, though no answer comes", async () => {
    let job = "";
    api.onCancel = () => undefined;
    api.onSubmit = ({ key }) => {
      job = encodeURIComponent(key);
      api.end(key, { state: "completed" });
      api.replyNext(`GET /api/v1/jobs/${encodeURIComponent(key)}`, "silence");
    };
    const running = terminal.run("submit", "--", "x");
    await until(() => asked(job) === 1);
    terminal.pressCtrlC();
    terminal.pressCtrlC();
    expect((await running).code).toBe(130);
  });

  it("gives submit the output, the end and the exit code", async () => {
    api.onSubmit = ({ key }) => {
      api.change(key, { state: "running" });
      setTimeout(() => {
        api.log(key, "some output, in pieces\n");
        api.end(key, { state: "failed", reason: "command-failed", exitCode: 7 });
      }, 10);
    };
    expect(await terminal.run("submit", "--", "x")).toMatchObject({ code: 7, out: "some output, in pieces\n" });
  });
});
