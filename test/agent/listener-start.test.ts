import { existsSync } from "node:fs";
import { chmod, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { readBoot } from "../../runtime/agent/boot";
import { forever, hasJob, jit, made, openListenerBench, patient, writeProgram } from "./listener-bench";
import type { ListenerBench } from "./listener-bench";

let bench: ListenerBench;
afterEach(() => bench.close());

it("starts GitHub's program with the one argument it needs", async () => {
  bench = await openListenerBench();
  await writeFile(
    join(bench.runner, "bin", "Runner.Listener"),
    `#!/bin/sh\necho "$# $1 $PWD" > ${bench.note("args")}\n`,
  );
  await bench.listen({ orders: { credential: jit } });
  expect(await readFile(bench.note("args"), "utf8")).toBe(`1 run ${join(bench.boot.jobDir, "runner")}\n`);
});

describe("a listener that ends before it has a job", () => {
  it.each([
    ["0: it served none, which is no failure", "exit 0", { exitCode: 0, reason: null, detail: null }],
    ["1", "echo 'A session for this runner already exists.'; exit 1", { exitCode: 1, reason: "boot-failing" }],
    ["2", "exit 2", { exitCode: 2, reason: "boot-failing", detail: expect.stringContaining("it wrote nothing") }],
    [
      "4: it wants an update",
      "exit 4",
      { reason: "boot-failing", detail: expect.stringContaining("version to latest") },
    ],
    ["a signal", "kill -9 $$", { exitCode: null, signal: 9, reason: "boot-failing" }],
    ["7: too old", "exit 7", { exitCode: 7, reason: "misconfigured" }],
  ])("ends with %s", async (_, script, expected) => {
    bench = await openListenerBench(script);
    expect(await bench.listen({ options: patient })).toBe(0);
    expect(bench.types()).toEqual(["finished"]);
    expect(bench.server.finished).toMatchObject(expected);
  });

  it("says its last lines, and with them nothing that could trick a terminal", async () => {
    const script = `for i in $(seq 1 40); do echo "line $i"; done; printf '\\033[31mred\\033[0m\\007 end\\n' >&2; exit 1`;
    bench = await openListenerBench(script);
    await bench.listen({ options: patient });
    const { detail } = bench.server.finished;
    expect(detail).toContain("line 30 | ");
    expect(detail).toMatch(/red end$/);
    expect(detail).not.toContain("line 10 ");
  });

  it("names the fix and the folder when the runner is too old", async () => {
    bench = await openListenerBench("exit 7");
    await bench.listen({ options: patient });
    expect(bench.server.finished.detail).toBe(
      `the runner is too old for the server (exit 7): set sources[].runner.version to latest or renew ${bench.runner}`,
    );
  });

  it("is not called too old for what its job answered", async () => {
    bench = await openListenerBench(`${hasJob}; exit 7`);
    await bench.listen();
    expect(bench.server.finished).toMatchObject({ exitCode: 7, reason: null, detail: null });
  });

  it.each(["not json", "{}", '{"credential":{"kind":"jit","config":""},"runner":{"path":"/x"}}'])(
    "is not started on orders that make no sense: %s",
    async (payload) => {
      bench = await openListenerBench();
      const enrolment = { runner: "r1", profile: "p", lease: "lease-of-the-runner", heartbeatMs: 10_000 };
      const body = { ...enrolment, executor: { kind: "github", payload } };
      bench.server.plan("enrol", { status: 200, body });
      await bench.run();
      expect(bench.server.finished).toMatchObject({ reason: "misconfigured" });
    },
  );
});

describe("a runner folder that cannot be used", () => {
  const program = (): string => join(bench.runner, "bin", "Runner.Listener");
  const foreignElf = (): Buffer => {
    const head = Buffer.alloc(64);
    head.writeUInt32BE(0x7f454c46, 0);
    head.writeUInt16LE(process.arch === "arm64" ? 0x3e : 0xb7, 18);
    return head;
  };
  it.each<[string, () => Promise<unknown>, RegExp]>([
    ["holds no program", () => rm(program()), /Runner\.Listener is not there; set sources\[\]\.runner\.path/],
    ["is not there", () => rm(bench.runner, { recursive: true }), /is not there, nor is the folder/],
    ["holds one that may not be executed", () => chmod(program(), 0o644), /is not executable \(chmod \+x\)/],
    ["holds a folder of that name", () => rm(program()).then(() => mkdir(program())), /is no file/],
    [
      "holds a program whose interpreter is absent",
      () => writeFile(program(), `#!${bench.note("no-such")}\n`),
      /\(ENOENT\)/,
    ],
    ["holds a program for another processor", () => writeFile(program(), foreignElf()), /is built for linux/],
    ["holds a program for Windows", () => writeFile(program(), "MZ".padEnd(64)), /is built for win32/],
  ])("is misconfigured, and the detail says so, when it %s", async (_, spoil, detail) => {
    bench = await openListenerBench();
    await spoil();
    expect(await bench.listen({ options: patient })).toBe(0);
    expect(bench.types()).toEqual(["finished"]);
    expect(bench.server.finished).toMatchObject({ reason: "misconfigured", detail: expect.stringMatching(detail) });
    expect(bench.server.finished.detail).toContain(bench.runner);
    expect(existsSync(bench.boot.jobDir)).toBe(false);
  });
});

describe("a server that knows no JIT configuration", () => {
  const registration = {
    kind: "registration",
    url: "http://127.0.0.1:1/acme",
    token: "registration-token-AAAA",
    name: "onejob-r1",
    group: "",
    labels: ["self-hosted", "linux", "large"],
  } as const;

  async function inputs(credential: typeof registration | (Omit<typeof registration, "group"> & { group: string })) {
    bench = await openListenerBench();
    const script = `tr "\\0" "\\n" < /proc/$$/environ > ${bench.note("env-")}$1; echo "$@" > ${bench.note("args-")}$1; exit 0`;
    await writeProgram(bench.runner, script);
    await bench.listen({ orders: { credential } });
    const read = async (name: string): Promise<string[]> => (await readFile(bench.note(name), "utf8")).split("\n");
    const ofInput = (lines: readonly string[]): string[] =>
      lines.filter((line) => line.startsWith("ACTIONS_RUNNER_INPUT"));
    return { configure: ofInput(await read("env-configure")).sort(), run: ofInput(await read("env-run")), read };
  }

  it("is registered with first, by inputs in the environment alone, for one job and with no label of its own", async () => {
    const { configure, run, read } = await inputs(registration);
    expect(configure).toEqual([
      "ACTIONS_RUNNER_INPUT_DISABLEUPDATE=true",
      "ACTIONS_RUNNER_INPUT_EPHEMERAL=true",
      "ACTIONS_RUNNER_INPUT_LABELS=self-hosted,linux,large",
      "ACTIONS_RUNNER_INPUT_NAME=onejob-r1",
      "ACTIONS_RUNNER_INPUT_NO-DEFAULT-LABELS=true",
      "ACTIONS_RUNNER_INPUT_TOKEN=registration-token-AAAA",
      "ACTIONS_RUNNER_INPUT_UNATTENDED=true",
      "ACTIONS_RUNNER_INPUT_URL=http://127.0.0.1:1/acme",
      "ACTIONS_RUNNER_INPUT_WORK=_work",
    ]);
    expect(run).toEqual([]);
    expect(await read("args-configure")).toEqual(["configure", ""]);
    expect(await read("args-run")).toEqual(["run", ""]);
  });

  it("is told the runner group of an organisation", async () => {
    const { configure } = await inputs({ ...registration, group: "Large ones" });
    expect(configure).toContain("ACTIONS_RUNNER_INPUT_RUNNERGROUP=Large ones");
  });

  it("is not listened for when it refuses the registration, and its words are kept without the token", async () => {
    bench = await openListenerBench();
    const script = `[ $1 = run ] && touch ${bench.note("ran")}; echo "404 for $ACTIONS_RUNNER_INPUT_TOKEN"; exit 1`;
    await writeProgram(bench.runner, script);
    await bench.listen({ orders: { credential: registration } });
    expect(bench.types()).toEqual(["finished"]);
    expect(bench.server.finished).toMatchObject({ exitCode: 1, reason: "boot-failing" });
    expect(bench.server.finished.detail).toContain("404 for ***");
    expect(existsSync(bench.note("ran"))).toBe(false);
  });

  it("does not keep a machine that is taken away in the middle of it", async () => {
    bench = await openListenerBench();
    const script = `touch ${bench.note("begun")}; ${forever}`;
    await writeProgram(bench.runner, script);
    const code = bench.listen({ orders: { credential: registration } });
    await made(bench.note("begun"));
    bench.shutDown();
    expect(await code).toBe(0);
    expect(bench.server.finished).toMatchObject({ reason: "interrupted" });
    expect(bench.types()).not.toContain("listening");
  });
});

describe("what a compute says of the machine", () => {
  const boot = {
    url: "http://127.0.0.1:1",
    bootToken: "t",
    stateDir: "/s",
    jobDir: "/j",
    marker: { ONEJOB_RUNNER: "r" },
  };

  it.each([
    ["a cache", { cacheDir: "/c" }],
    ["that it is no wall", { refusesForks: true }],
  ])("is understood: %s", async (_, more) => {
    const line = await readBoot(Readable.from([Buffer.from(`${JSON.stringify({ ...boot, ...more })}\n`)]));
    expect(line).toEqual({ kind: "boot", boot: { ...boot, ...more } });
  });

  it.each([
    ["a cache without a name", { cacheDir: "" }],
    ["a cache that is no text", { cacheDir: 1 }],
    ["a wall that is neither there nor not", { refusesForks: "yes" }],
    ["a wall said to be there, which nobody says so", { refusesForks: false }],
  ])("is refused: %s", async (_, more) => {
    const line = await readBoot(Readable.from([Buffer.from(`${JSON.stringify({ ...boot, ...more })}\n`)]));
    expect(line.kind).toBe("refused");
  });
});
