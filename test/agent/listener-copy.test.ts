import { createHash } from "node:crypto";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { chmod, lstat, mkdir, readFile, readlink, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { temporaryFolder } from "../fixtures/temporary-folder";
import { copyRunner } from "../../runtime/agent/listener/private-copy";
import { hasJob, jitConfig, listens, openListenerBench, patient, waitFor, writeProgram } from "./listener-bench";
import type { ListenerBench } from "./listener-bench";

describe("the private copy of a runner", () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  const from = (...path: string[]): string => join(folder.path, "from", ...path);
  const to = (...path: string[]): string => join(folder.path, "to", ...path);
  const copy = (signal = new AbortController().signal): Promise<void> =>
    copyRunner({ from: from(), to: to(), user: undefined, signal });

  beforeEach(async () => {
    folder = await temporaryFolder();
    await mkdir(from("bin"), { recursive: true });
  });
  afterEach(() => folder.remove());

  it("keeps contents, modes, links and empty folders", async () => {
    await writeFile(from("bin", "program"), "x", { mode: 0o755 });
    await writeFile(from("bin", "data"), "y", { mode: 0o644 });
    await mkdir(from("empty", "deep"), { recursive: true, mode: 0o750 });
    await symlink("../bin/program", from("empty", "link"));
    await copy();
    expect(readFileSync(to("bin", "program"), "utf8")).toBe("x");
    expect((await lstat(to("bin", "program"))).mode & 0o777).toBe(0o755);
    expect((await lstat(to("bin", "data"))).mode & 0o777).toBe(0o644);
    expect((await lstat(to("empty"))).mode & 0o777).toBe(0o750);
    expect(readdirSync(to("empty", "deep"))).toEqual([]);
    expect(await readlink(to("empty", "link"))).toBe("../bin/program");
  });

  it("shares no file with where it came from", async () => {
    await writeFile(from("bin", "program"), "original");
    await copy();
    await writeFile(to("bin", "program"), "changed by the job");
    expect(readFileSync(from("bin", "program"), "utf8")).toBe("original");
  });

  it("leaves out what an earlier runner left in that folder, but not what only has the same name further down", async () => {
    for (const name of ["_work", "_diag", "bin/_work"]) await mkdir(from(name));
    for (const name of [".runner", ".credentials", ".credentials_rsaparams", ".service", "bin/.runner", ".env"]) {
      await writeFile(from(name), "");
    }
    await copy();
    expect(readdirSync(to()).sort()).toEqual([".env", "bin"]);
    expect(readdirSync(to("bin")).sort()).toEqual([".runner", "_work"]);
  });

  it("turns links with a whole path back into the folder into links within the copy", async () => {
    await mkdir(from("bin.2.338.0"));
    await rm(from("bin"), { recursive: true });
    await symlink(from("bin.2.338.0"), from("bin"));
    await symlink("/etc/hostname", from("outside"));
    await symlink(folder.path, from("above"));
    await copy();
    expect(await readlink(to("bin"))).toBe(to("bin.2.338.0"));
    expect(await readlink(to("outside"))).toBe("/etc/hostname");
    expect(await readlink(to("above"))).toBe(folder.path);
  });

  it("can always be changed and removed by its owner, whatever the modes it came with", async () => {
    await writeFile(from("bin", "sealed"), "x", { mode: 0o400 });
    await chmod(from("bin"), 0o500);
    await copy();
    await chmod(from("bin"), 0o700);
    expect((await lstat(to("bin"))).mode & 0o777).toBe(0o700);
    expect((await lstat(to("bin", "sealed"))).mode & 0o777).toBe(0o600);
  });

  it("is not made over what is there already", async () => {
    await mkdir(to());
    await expect(copy()).rejects.toMatchObject({ code: "EEXIST" });
  });

  it("is given up when the machine is to stop", async () => {
    await writeFile(from("bin", "program"), "x");
    await expect(copy(AbortSignal.abort())).rejects.toMatchObject({ name: "AbortError" });
  });
});

describe("a listener's own folder", () => {
  let bench: ListenerBench;
  afterEach(() => bench.close());

  it("is where it runs and leaves its things; the runner it came from stays as it was", async () => {
    bench = await openListenerBench();
    await writeProgram(
      bench.runner,
      `mkdir _work _diag; echo x > .credentials; pwd > ${bench.note("pwd")}; ls -a > ${bench.note("ls")}`,
    );
    await bench.listen();
    expect(await readFile(bench.note("pwd"), "utf8")).toBe(`${join(bench.boot.jobDir, "runner")}\n`);
    expect(await readFile(bench.note("ls"), "utf8")).toContain("_work");
    expect(readdirSync(bench.runner)).toEqual(["bin"]);
    expect(existsSync(bench.boot.jobDir)).toBe(false);
  });

  it("is the program's environment all through: nothing of the agent's, and what finds its processes again", async () => {
    process.env["ONEJOB_TEST_OF_THE_AGENT"] = "must not go on";
    bench = await openListenerBench();
    await writeProgram(bench.runner, `tr '\\0' '\\n' < /proc/self/environ > ${bench.note("env")}`);
    await bench.listen();
    delete process.env["ONEJOB_TEST_OF_THE_AGENT"];
    const lines = (await readFile(bench.note("env"), "utf8")).trim().split("\n");
    const found = Object.fromEntries(lines.map((line) => line.split("=") as [string, string]));
    const names = [
      ...["ACTIONS_RUNNER_INPUT_JITCONFIG", "ACTIONS_RUNNER_RETURN_VERSION_DEPRECATED_EXIT_CODE", "CI", "HOME", "LANG"],
      ...[
        "LOGNAME",
        "ONEJOB",
        "ONEJOB_ROLE",
        "ONEJOB_RUNNER",
        "PATH",
        "RUNNER_ALLOW_RUNASROOT",
        "SHELL",
        "TMPDIR",
        "USER",
      ],
    ];
    expect(
      Object.keys(found)
        .filter((name) => !["PWD", "OLDPWD", "_", "SHLVL"].includes(name))
        .sort(),
    ).toEqual(names);
    expect(found).toMatchObject({ HOME: join(bench.boot.jobDir, "home"), TMPDIR: join(bench.boot.jobDir, "tmp") });
    expect(found).toMatchObject({ ONEJOB_ROLE: "job", RUNNER_ALLOW_RUNASROOT: "1" });
  });
});

describe("the JIT configuration", () => {
  let bench: ListenerBench;
  afterEach(() => bench.close());

  it("reaches the listener, and is seen in no command line, no file of the machine and no log", async () => {
    bench = await openListenerBench();
    const got = `printf %s "$ACTIONS_RUNNER_INPUT_JITCONFIG" | sha256sum > ${bench.note("got")}`;
    await writeProgram(bench.runner, `${got}; ${listens}; ${hasJob}; ${waitFor(bench.note("go"))}`);
    const code = bench.listen({ options: patient });
    await bench.server.until(() => bench.server.has("started"));
    const sum = createHash("sha256").update(jitConfig).digest("hex");
    expect(readFileSync(bench.note("got"), "utf8")).toContain(sum);
    expect(commandLines()).not.toContain(jitConfig);
    expect(contents(bench.folder)).not.toContain(jitConfig);
    await writeFile(bench.note("go"), "");
    await code;
    expect(bench.logLines.join("")).not.toContain(jitConfig);
    expect(contents(bench.folder)).not.toContain(jitConfig);
  });

  it.each([
    ["whole", "echo before $ACTIONS_RUNNER_INPUT_JITCONFIG after"],
    ["in part", `echo "$ACTIONS_RUNNER_INPUT_JITCONFIG" | cut -c 5-40`],
    ["on a very long line", `head -c 8170 /dev/zero | tr '\\0' ' '; echo "$ACTIONS_RUNNER_INPUT_JITCONFIG"`],
    ["without an end of the line", `printf %s "$ACTIONS_RUNNER_INPUT_JITCONFIG"`],
  ])("is not in the reported detail when the listener prints it %s", async (_, script) => {
    bench = await openListenerBench(`${script}; exit 1`);
    await bench.listen({ options: patient });
    const said = JSON.stringify(bench.server.events) + bench.logLines.join("");
    const pieces = Array.from({ length: jitConfig.length - 12 }, (_piece, at) => jitConfig.slice(at, at + 12));
    expect(pieces.filter((piece) => said.includes(piece))).toEqual([]);
    expect(bench.server.finished.reason).toBe("boot-failing");
  });
});

function commandLines(): string {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((name) => readIfThere(`/proc/${name}/cmdline`))
    .join("\n");
}

function contents(folder: string): string {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => readIfThere(join(folder, name)))
    .join("\n");
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}
