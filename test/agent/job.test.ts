import { existsSync } from "node:fs";
import { mkdir, readdir, symlink, writeFile } from "node:fs/promises";
import { constants } from "node:os";
import { join } from "node:path";
import type { Assignment } from "../../runtime/core/agent-protocol";
import { digDeep, nameInBytes } from "../fixtures/hostile-tree";
import { job, jobOf, markedProcesses, openBench } from "./agent-bench";
import type { Bench } from "./agent-bench";

let bench: Bench;
afterEach(() => bench.close());

async function finish(assignment: Assignment): Promise<Bench["server"]> {
  bench = await openBench({ assignment });
  expect(await bench.run()).toBe(0);
  return bench.server;
}

describe("how a job ends", () => {
  it.each([
    ["its own exit code", "exit 42", { exitCode: 42, signal: null, reason: null }],
    ["the number of the signal that killed it", "kill -9 $$", { exitCode: null, signal: 9, reason: null }],
    [
      "the number of another signal",
      "kill -USR1 $$",
      { exitCode: null, signal: constants.signals.SIGUSR1, reason: null },
    ],
  ])("reports %s", async (_, script, expected) => {
    expect((await finish(job(script))).finished).toMatchObject(expected);
  });

  it("reports 127 and names a command that is not found", async () => {
    const server = await finish(jobOf(["no-such-program", "x"]));
    expect(server.finished.exitCode).toBe(127);
    expect(server.log.toString()).toBe("onejob: command not found: no-such-program\n");
    expect(server.events.map(({ type }) => type)).toEqual(["listening", "started", "finished"]);
  });

  it("reports 127 also when a folder of the search path is closed to it", async () => {
    bench = await openBench({});
    const closed = join(bench.folder, "closed");
    await mkdir(closed, { mode: 0 });
    bench.server.assignment = { ...jobOf(["no-such-program"]), env: { PATH: `${closed}:/usr/bin:/bin` } };
    await bench.run();
    expect(bench.server.finished.exitCode).toBe(127);
  });

  it("reports 126 for a command that may not be executed", async () => {
    const server = await finish(jobOf(["/etc/passwd"]));
    expect(server.finished.exitCode).toBe(126);
    expect(server.log.toString()).toBe("onejob: not executable: /etc/passwd\n");
  });

  it("reports 126 for a command that the system cannot take", async () => {
    expect((await finish(jobOf(["echo", "a\0b"]))).finished.exitCode).toBe(126);
  });

  it("stops a job that runs too long, politely first", async () => {
    const server = await finish(job("trap 'echo bye; exit 9' TERM; echo on; sleep 600 & wait", { timeoutMs: 300 }));
    expect(server.finished).toMatchObject({ exitCode: 9, reason: "job-timeout" });
    expect(server.log.toString()).toBe("on\nbye\n");
  });

  it("kills a job that runs too long and does not listen", async () => {
    const server = await finish(job("trap '' TERM; while :; do sleep 0.1; done", { timeoutMs: 300 }));
    expect(server.finished).toMatchObject({ exitCode: null, signal: 9, reason: "job-timeout" });
  });

  it("measures its time from its beginning, also while nobody hears of that", async () => {
    bench = await openBench({});
    const { server, folder } = bench;
    const over = join(folder, "over");
    server.assignment = job(`trap 'touch ${over}; exit 9' TERM; sleep 600 & wait`, { timeoutMs: 300 });
    const code = bench.run();
    await server.until(() => server.has("listening"));
    await server.until(() => {
      if (!existsSync(over)) server.plan("report", "drop");
      return existsSync(over);
    });
    expect(server.has("started")).toBe(false);
    expect(await code).toBe(0);
    expect(server.finished).toMatchObject({ exitCode: 9, reason: "job-timeout" });
  });

  it("stops a running job that is cancelled", async () => {
    bench = await openBench({ assignment: job("sleep 600") });
    const code = bench.run();
    await bench.server.until(() => bench.server.has("started"));
    bench.server.tell({ cancel: true });
    expect(await code).toBe(0);
    expect(bench.server.finished).toMatchObject({ exitCode: null, signal: 15, reason: "cancelled-by-user" });
  });

  it("never starts a job that was cancelled before", async () => {
    bench = await openBench({ assignment: job("echo ran") });
    bench.server.cancel = true;
    expect(await bench.run()).toBe(0);
    expect(bench.server.events.map(({ type }) => type)).toEqual(["listening", "finished"]);
    expect(bench.server.finished.reason).toBe("cancelled-by-user");
  });

  it("kills the job and reports nothing when the server says that the attempt is stale", async () => {
    bench = await openBench({ assignment: job("trap '' TERM; while :; do sleep 0.1; done") });
    const code = bench.run();
    await bench.server.until(() => bench.server.has("started"));
    bench.server.tell({ stale: true });
    expect(await code).toBe(0);
    expect(bench.server.has("finished")).toBe(false);
    expect(existsSync(bench.boot.jobDir)).toBe(false);
  });

  it("leaves when the attempt turns stale although the job was being cancelled already", async () => {
    bench = await openBench({ assignment: job("trap '' TERM; while :; do sleep 0.1; done") });
    const code = bench.run({ graceMs: 600_000 });
    await bench.server.until(() => bench.server.has("started"));
    bench.server.tell({ cancel: true });
    await bench.server.until(() => bench.server.requests.filter(({ endpoint }) => endpoint === "heartbeat").length > 1);
    bench.server.tell({ stale: true });
    expect(await code).toBe(0);
    expect(bench.server.has("finished")).toBe(false);
  });

  it("reports a loss, and why, when its machine cannot run it: nobody takes that machine away", async () => {
    bench = await openBench({ assignment: job("true") });
    await writeFile(bench.boot.jobDir, "in the way");
    await bench.run();
    const { finished, events } = bench.server;
    expect(finished).toMatchObject({ exitCode: null, reason: "agent-lost" });
    expect(finished.detail).toContain("the machine could not run it");
    expect(events.map(({ type }) => type)).toEqual(["listening", "finished"]);
  });

  it("reports interrupted, then finished, when the machine is taken away", async () => {
    bench = await openBench({ assignment: job("sleep 600") });
    const code = bench.run();
    await bench.server.until(() => bench.server.has("started"));
    bench.shutDown();
    expect(await code).toBe(0);
    expect(bench.server.events.map(({ type }) => type)).toEqual(["listening", "started", "interrupted", "finished"]);
    expect(bench.server.finished).toMatchObject({ signal: 15, reason: "interrupted" });
    expect(existsSync(bench.boot.jobDir)).toBe(false);
  });

  it("goes on after the notice that the machine will be taken away, and says so once", async () => {
    bench = await openBench({ assignment: job("until [ -e ../go ]; do sleep 0.05; done") });
    const notice = new AbortController();
    const code = bench.run({}, { notice: notice.signal });
    await bench.server.until(() => bench.server.has("started"));
    notice.abort();
    await bench.server.until(() => bench.server.has("interrupted"));
    await writeFile(join(bench.boot.jobDir, "go"), "");
    expect(await code).toBe(0);
    expect(bench.server.events.map(({ type }) => type)).toEqual(["listening", "started", "interrupted", "finished"]);
    expect(bench.server.finished).toMatchObject({ exitCode: 0, reason: null });
  });

  it("takes no job after that notice", async () => {
    bench = await openBench({});
    const notice = new AbortController();
    const code = bench.run({}, { notice: notice.signal });
    await bench.server.until(() => bench.server.has("listening"));
    notice.abort();
    expect(await code).toBe(0);
    expect(bench.server.has("finished")).toBe(false);
  });

  it("removes folders deeper than a path can be long, and names in bytes that are no text", async () => {
    bench = await openBench({ assignment: job("sleep 600") });
    const code = bench.run();
    await bench.server.until(() => bench.server.has("started"));
    digDeep(bench.boot.jobDir);
    nameInBytes(bench.boot.jobDir);
    bench.server.tell({ cancel: true });
    expect(await code).toBe(0);
    expect(existsSync(bench.boot.jobDir)).toBe(false);
  });

  it("does not wait for ever for an absent server when the machine is taken away", async () => {
    bench = await openBench({ assignment: job("sleep 600") });
    const code = bench.run({ farewellMs: 50 });
    await bench.server.until(() => bench.server.has("started"));
    await bench.server.die();
    bench.shutDown();
    expect(await code).toBe(1);
    expect(existsSync(bench.boot.jobDir)).toBe(false);
  });
});

describe("what a job finds", () => {
  it("its own folders, the facts of its job and its settings, and no credential", async () => {
    const env = { GREETING: "hello", ONEJOB_ROLE: "agent", ONEJOB_RUNNER: "another" };
    const server = await finish(job("pwd; ls -ld . $HOME $TMPDIR; env; cat", { env }));
    const said = server.log.toString();
    const { jobDir, marker } = bench.boot;
    expect(said.split("\n")[0]).toBe(join(jobDir, "work"));
    expect(said.match(/^drwx------/gm)).toHaveLength(3);
    const variables = Object.fromEntries(said.split("\n").map((line) => line.split(/=(.*)/s).slice(0, 2)));
    expect(variables).toMatchObject({
      HOME: join(jobDir, "home"),
      TMPDIR: join(jobDir, "tmp"),
      CI: "true",
      ONEJOB: "true",
      ONEJOB_JOB: "api/local/01J",
      ONEJOB_ATTEMPT: "1",
      ONEJOB_JOB_NAME: "a job",
      GREETING: "hello",
      ONEJOB_ROLE: "job",
      ...marker,
    });
    expect(said).not.toMatch(/token|lease/i);
  });

  it("no file or connection of the agent's among its open ones, but the way out for its output", async () => {
    const server = await finish(job("readlink /proc/self/fd/*"));
    const said = server.log.toString();
    expect(said.split("\n").filter((path) => path.includes("output.pipe"))).toHaveLength(2);
    expect(said).not.toMatch(/output\.log|socket:/);
  });
});

describe("what a job leaves", () => {
  it("no process: a daemon of its own session that holds the output open is gone before finished", async () => {
    const daemon = "(setsid sh -c 'trap \"\" TERM HUP; echo tick; exec sleep 600' &)";
    bench = await openBench({ assignment: job(`${daemon}; sleep 0.2; exit 3`) });
    const { server, boot } = bench;
    let left: readonly string[] | null = null;
    server.onReport = ({ events }) => {
      if (!events.some(({ type }) => type === "finished")) return;
      left = markedProcesses(boot.marker["ONEJOB_RUNNER"] ?? "");
      expect(existsSync(boot.jobDir)).toBe(false);
    };
    expect(await bench.run()).toBe(0);
    expect(left).toEqual([]);
    expect(server.finished.exitCode).toBe(3);
    expect(server.log.toString()).toContain("tick");
  });

  it("no folder, not even one it made read-only or filled with links to elsewhere", async () => {
    bench = await openBench({});
    const outside = join(bench.folder, "outside");
    await mkdir(outside);
    await writeFile(join(outside, "kept"), "");
    await symlink(outside, join(bench.folder, "link"));
    bench.server.assignment = job(
      `mkdir -p a/b && touch a/b/c && ln -s ${outside} a/b/out && chmod 500 a/b a && chmod 000 "$HOME"`,
    );
    expect(await bench.run()).toBe(0);
    expect(existsSync(bench.boot.jobDir)).toBe(false);
    expect(await readdir(outside)).toEqual(["kept"]);
  });
});
