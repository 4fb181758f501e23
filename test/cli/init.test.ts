/** `onejob init`: what it asks, writes and refuses. */
import { existsSync, mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Terminal } from "./terminal";

let terminal: Terminal;
beforeEach(() => void (terminal = new Terminal()));
afterEach(() => terminal.remove());

const file = (): string => join(terminal.cwd, "onejob.yaml");
const written = (): string => readFileSync(file(), "utf8");

/** Answers given line by line; all other questions get Enter. */
function sitDown(...lines: readonly string[]): void {
  terminal.isTTY = { stdin: true, stdout: false, stderr: false };
  terminal.input = `${lines.join("\n")}\n`;
}

describe("init", () => {
  it("writes a file that config validate accepts", async () => {
    expect((await terminal.run("init", "--yes")).code).toBe(0);
    expect((await terminal.run("config", "validate")).code).toBe(0);
    expect(written()).not.toContain("github");
  });

  it.each([
    ["a file", () => writeFileSync(file(), "mine")],
    ["a folder", () => mkdirSync(file())],
  ])("never overwrites %s", async (_, prepare) => {
    prepare();
    const { code, err } = await terminal.run("init", "--yes", "--github", "acme/widgets");
    expect(code).toBe(2);
    expect(err).toContain("stays as it is");
  });

  it("never writes through a link that leads nowhere", async () => {
    symlinkSync(join(terminal.cwd, "elsewhere.yaml"), file());
    expect((await terminal.run("init", "--yes")).code).toBe(2);
    expect(existsSync(join(terminal.cwd, "elsewhere.yaml"))).toBe(false);
  });

  it("says where it cannot write, before it asks anything", async () => {
    sitDown("", "", "", "");
    const { code, err } = await terminal.run("--config", "absent/onejob.yaml", "init");
    expect(code).toBe(2);
    expect(err).toContain("absent/onejob.yaml cannot be written (ENOENT)");
    expect(err).not.toContain("Address and port");
  });

  it("asks on a terminal and keeps the comments; without one it names --yes", async () => {
    const none = await terminal.run("init");
    expect(none.code).toBe(2);
    expect(none.err).toContain("--yes");
    sitDown("127.0.0.1:9999", "", "2h", "");
    expect((await terminal.run("init")).code).toBe(0);
    expect(written()).toContain("127.0.0.1:9999");
    expect(written()).toMatch(/job: 2h #/);
    expect(written()).toMatch(/maxRunners: 8 #/);
    expect(written()).not.toContain("github");
  });

  it.each([
    ["a wrong address", ["nonsense", "", "", ""], 78],
    ["a wrong scope", ["", "", "", "a/scope/too/long", "n"], 78],
    ["an organisation, which no token can be asked about", ["", "", "", "acme", "n"], 2],
    ["too few answers", ["", ""], 2],
    ["the terminal gone at the last question", ["", "", "", "acme/widgets"], 2],
  ])("writes nothing after %s", async (_, lines, exitCode) => {
    sitDown(...lines);
    expect((await terminal.run("init")).code).toBe(exitCode);
    expect(readdirSync(terminal.cwd)).toEqual([]);
  });
});
