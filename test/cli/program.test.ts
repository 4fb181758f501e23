import { OnejobError, type ErrorCode } from "../../runtime/core/errors";
import { errorExit, jobExit } from "../../runtime/cli/exit";
import { jobFacts } from "../fixtures/cli-jobs";
import { Terminal } from "./terminal";

const commands = [
  ..."serve submit list show why logs watch cancel rerun status runners drain profiles init doctor".split(" "),
  ..."config version completion secrets connect dead-letters".split(" "),
];

describe("the program", () => {
  let terminal: Terminal;
  beforeEach(() => void (terminal = new Terminal()));
  afterEach(() => terminal.remove());

  it("alone says the three things to do", async () => {
    const { code, out } = await terminal.run();
    expect(code).toBe(0);
    for (const line of ["onejob serve", "onejob submit -- make test", "onejob why JOB"]) expect(out).toContain(line);
  });

  it("--help has one line for every command", async () => {
    const { code, out } = await terminal.run("--help");
    expect(code).toBe(0);
    for (const command of commands) expect(out).toMatch(new RegExp(`^  ${command} `, "m"));
  });

  it.each(commands)("%s --help describes itself, and exits 0", async (command) => {
    const { code, out } = await terminal.run(command, "--help");
    expect(code).toBe(0);
    expect(out).toContain(`Usage: onejob ${command}`);
  });

  it.each([
    [["lits"], "Did you mean list?"],
    [["list", "--stat", "x"], "Did you mean --state?"],
    [["list", "--state", "done"], "Allowed choices"],
    [["list", "--output", "xml"], "Allowed choices"],
    [["list", "--limit", "many"], "--limit must be a whole number"],
    [["show"], "missing required argument"],
    [["show", "a", "b"], "too many arguments"],
    [["runners", "shwo"], "too many arguments"],
    [["config"], "Usage: onejob config"],
    [["completion", "tcsh"], "Allowed choices"],
  ])("%j is a usage error: exit 2, said on standard error", async (argv, message) => {
    const { code, out, err } = await terminal.run(...argv);
    expect(code).toBe(2);
    expect(err).toContain(message);
    expect(out).toBe("");
  });

  it("refuses an unknown form in ONEJOB_OUTPUT", async () => {
    terminal.env = { ...terminal.env, ONEJOB_OUTPUT: "xml" };
    expect((await terminal.run("version")).code).toBe(2);
  });

  it("version prints the version; alone with --quiet and with --version", async () => {
    expect((await terminal.run("version")).out).toMatch(/onejob +\d+\.\d+\.\d+/);
    expect((await terminal.run("version", "--quiet")).out).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect((await terminal.run("--version")).out).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it("shows a stack with --debug only", async () => {
    expect((await terminal.run("list")).err).not.toContain("    at ");
    expect((await terminal.run("list", "--debug")).err).toContain("    at ");
  });
});

describe("exit codes", () => {
  it.each<[code: ErrorCode, others: number, submit: number]>([
    ["usage", 2, 2],
    ["not-found", 66, 66],
    ["unreachable", 69, 69],
    ["data-dir-locked", 73, 73],
    ["data-dir-unwritable", 73, 73],
    ["port-in-use", 74, 74],
    ["unauthorised", 77, 77],
    ["bad-config", 78, 78],
    ["bundle-refused", 1, 125],
    ["internal", 1, 125],
  ])("%s is %i, and %i in submit", (code, others, submit) => {
    const error = new OnejobError(code);
    expect(errorExit(error, { submitting: false })).toBe(others);
    expect(errorExit(error, { submitting: true })).toBe(submit);
  });

  it("never turns a large code of the command into a success", () => {
    const job = jobFacts({ id: "x", state: "failed", reason: "command-failed", exitCode: 256 });
    expect(jobExit(job)).toBe(255);
  });

  it("takes a failed job without a code as Onejob's failure", () => {
    expect(jobExit(jobFacts({ id: "x", state: "failed" }))).toBe(125);
    expect(jobExit(jobFacts({ id: "x", state: "failed", exitCode: 0 }))).toBe(125);
  });
});
