/** Where the program was found to end with a trace instead of words. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runProgram, type Order } from "../fuzz/program";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "onejob-test-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const isRoot = process.geteuid?.() === 0;

function run(args: readonly string[], changes: Partial<Order> = {}) {
  const { PATH = "" } = process.env;
  const env = { PATH, NO_COLOR: "1", ONEJOB_DATA_DIR: join(folder, "data") };
  return runProgram({
    ...{ args, env, cwd: folder, endAfterMs: null, limitMs: 50_000 },
    ...{ output: "read", input: null, user: "me", folder: "there" },
    ...changes,
  });
}

const trace = /^\s+at /m;

describe("onto a full disk", () => {
  it.each([
    [["version"], 1],
    [[], 1],
    [["submit", "--help"], 125],
  ])("%j exits %i and says so", async (args, code) => {
    const ended = await run(args, { output: "full" });
    expect(ended).toMatchObject({ code, stderr: expect.stringContaining("standard output cannot be written: ENOSPC") });
    expect(ended.stderr).not.toMatch(trace);
  });
});

describe("in a working folder that was removed", () => {
  it("exits 2 and says so", async () => {
    const ended = await run(["version"], { folder: "removed" });
    expect(ended).toMatchObject({ code: 2, stderr: expect.stringContaining("the working folder is gone") });
    expect(ended.stderr).not.toMatch(trace);
  });
});

describe("for a user whom the system does not know, and who has no home", () => {
  // Only root can become such a user.
  const user = isRoot ? "nobody" : "me";
  const { PATH = "" } = process.env;
  const unknown = { user, env: { PATH }, cwd: tmpdir() } as const;

  it.each([
    [["version"], 0],
    [["config", "validate"], 0],
    [["list"], 69],
  ])("%j exits %i", async (args, code) => {
    expect(await run(args, unknown)).toMatchObject({ code, stderr: expect.not.stringMatching(trace) });
  });

  it("serves", async () => {
    const ended = await run(["serve", "--once"], unknown);
    expect(ended).toMatchObject({ code: 0, stdout: expect.stringContaining('"event":"ready"') });
  });
});
