/** The program as it is shipped: one file, started as a process. */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { buildSync } from "esbuild";
import { job, jobOf, markedProcesses, openBench } from "./agent-bench";
import type { Bench } from "./agent-bench";

const folder = mkdtempSync(join(tmpdir(), "onejob-main-"));
const program = join(folder, "agent.js");
const crashing = join(folder, "crashing.js");
writeFileSync(crashing, 'process.on("SIGUSR2", () => { throw new Error("a bug nobody expected"); });');
const built = buildSync({
  entryPoints: [join(__dirname, "../../runtime/agent/main.ts")],
  outfile: program,
  bundle: true,
  platform: "node",
  target: "node20",
  format: "cjs",
  metafile: true,
});

let bench: Bench;
beforeEach(async () => {
  bench = await openBench({});
});
afterEach(() => bench.close());
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Ended {
  readonly code: number | null;
  readonly said: string;
}

function start(
  input: string,
  flags: readonly string[] = [],
  words: readonly string[] = [],
): { readonly child: ChildProcess; readonly ended: Promise<Ended> } {
  const env = { PATH: process.env["PATH"], ...bench.boot.marker, ONEJOB_ROLE: "agent" };
  const child = spawn(process.execPath, [...flags, program, ...words], { env, stdio: ["pipe", "ignore", "pipe"] });
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
  child.stdin.end(input);
  return { child, ended: new Promise((resolve) => child.once("close", (code) => resolve({ code, said }))) };
}

const bootLine = (): string => `${JSON.stringify(bench.boot)}\n`;

describe("the agent's program", () => {
  it("needs nothing but Node", () => {
    const outside = Object.values(built.metafile.outputs).flatMap(({ imports }) => imports.map(({ path }) => path));
    expect(outside.filter((path) => !builtinModules.includes(path.replace(/^node:/, "")))).toEqual([]);
  });

  it.each([
    ["no line", ""],
    ["a line that was cut off", '{"url":"http://127'],
  ])("ends quietly when it is given %s, because its maker died", async (_, input) => {
    expect(await start(input).ended).toEqual({ code: 0, said: "" });
  });

  it.each([
    ["is no JSON", "boot-token\n"],
    ["lacks a field", '{"bootToken":"boot-token"}\n'],
  ])("ends with code 2 and without a word of the line when it %s", async (_, input) => {
    const { code, said } = await start(input).ended;
    expect(code).toBe(2);
    expect(said).toContain("the agent cannot begin");
    expect(said).not.toContain("boot-token");
  });

  it("runs its job and ends with code 0", async () => {
    bench.server.assignment = jobOf(["echo", "done"]);
    const { code, said } = await start(bootLine()).ended;
    expect(code).toBe(0);
    expect(bench.server.log.toString()).toBe("done\n");
    expect(said).not.toMatch(/boot-token|lease-of/);
  });

  it("runs its job by orders in a file, without a word of them in its arguments", async () => {
    bench.server.assignment = jobOf(["echo", "done"]);
    const file = join(bench.folder, "boot.json");
    writeFileSync(file, bootLine());
    const { child, ended } = start("", [], ["--boot-file", file]);
    expect((await ended).code).toBe(0);
    expect(child.spawnargs.join(" ")).not.toContain("boot-token");
    expect(bench.server.log.toString()).toBe("done\n");
    expect(existsSync(file)).toBe(false);
  });

  it("stops its job when it is asked to leave", async () => {
    bench.server.assignment = job("sleep 600 & wait");
    const { child, ended } = start(bootLine());
    await bench.server.until(() => bench.server.has("started"));
    child.kill("SIGTERM");
    expect((await ended).code).toBe(0);
    expect(bench.server.finished.reason).toBe("interrupted");
    expect(markedProcesses(bench.boot.marker["ONEJOB_RUNNER"] ?? "")).toEqual([]);
  });

  it("gives the job no more time when it is asked twice", async () => {
    bench.server.assignment = job("trap 'echo not now' TERM; echo on; while :; do sleep 0.1; done");
    const { child, ended } = start(bootLine());
    await bench.server.until(() => bench.server.log.length > 0);
    child.kill("SIGTERM");
    await bench.server.until(() => bench.server.log.includes("not now"));
    child.kill("SIGTERM");
    expect((await ended).code).toBe(0);
    expect(bench.server.finished).toMatchObject({ signal: 9, reason: "interrupted" });
  });

  it("kills its job, says why and ends with code 1 when it crashes", async () => {
    bench.server.assignment = job("trap '' TERM; while :; do sleep 0.1; done");
    const { child, ended } = start(bootLine(), ["--require", crashing]);
    await bench.server.until(() => bench.server.has("started"));
    child.kill("SIGUSR2");
    const { code, said } = await ended;
    expect(code).toBe(1);
    expect(said).toContain("a bug nobody expected");
    while (markedProcesses(bench.boot.marker["ONEJOB_RUNNER"] ?? "").length > 0) await setImmediate();
  });

  it("lives through a hang-up", async () => {
    bench.server.assignment = job("kill -HUP $PPID; echo still here");
    expect((await start(bootLine()).ended).code).toBe(0);
    expect(bench.server.log.toString()).toBe("still here\n");
  });
});
