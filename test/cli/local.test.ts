/** Commands that need no server: config, doctor, completion. */
import { execFileSync } from "node:child_process";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { version } from "../../package.json";
import { FakeApi } from "../fakes/api-server";
import { Terminal } from "./terminal";

describe("without a server", () => {
  let terminal: Terminal;
  beforeEach(() => void (terminal = new Terminal()));
  afterEach(() => terminal.remove());

  const writeConfig = (text: string, name = "onejob.yaml"): void => writeFileSync(join(terminal.cwd, name), text);
  const profiles = `version: 1
profiles:
  - { name: small, labels: [self-hosted, linux] }
  - { name: large, labels: [self-hosted, linux, large] }
`;

  describe("config validate", () => {
    it("accepts a good file and names it", async () => {
      writeConfig(profiles);
      expect(await terminal.run("config", "validate")).toMatchObject({ code: 0, err: "" });
      expect((await terminal.run("config", "validate")).out).toContain("onejob.yaml is valid");
    });

    it("exits 78 with every problem on standard error", async () => {
      writeConfig("version: 1\nserver: { maxRuners: 3, listen: nonsense }\n", "other.yaml");
      const { code, err } = await terminal.run("config", "validate", "other.yaml");
      expect(code).toBe(78);
      expect(err).toContain("maxRuners");
      expect(err).toContain("server.listen");
    });

    it("gives the problems as JSON on standard output", async () => {
      writeConfig("version: 1\nserver: { maxRuners: 3 }\n");
      const { code, out } = await terminal.run("config", "validate", "--output", "json");
      expect(code).toBe(78);
      const [problem] = (JSON.parse(out) as { problems: Record<string, string>[] }).problems;
      expect(Object.keys(problem ?? {}).sort()).toEqual(["fix", "path", "what"]);
      writeConfig("version: 1\n");
      expect(JSON.parse((await terminal.run("config", "validate", "--output", "json")).out)).toEqual({ problems: [] });
    });

    it("exits 78 when the named file is not there", async () => {
      expect((await terminal.run("config", "validate", "missing.yaml")).code).toBe(78);
      expect((await terminal.run("--config", "missing.yaml", "config", "validate")).code).toBe(78);
    });
  });

  describe("config explain", () => {
    it("names the chosen profile and what puts the others behind it", async () => {
      writeConfig(profiles);
      const { code, out } = await terminal.run("config", "explain", "--labels", "self-hosted,linux");
      expect(code).toBe(0);
      expect(out).toMatch(/small +chosen/);
      expect(out).toMatch(/large +behind small/);
    });

    it("exits 1 and names the nearest profile when none fits", async () => {
      writeConfig(profiles);
      const { code, out } = await terminal.run("config", "explain", "--labels", "linux,gpu");
      expect(code).toBe(1);
      expect(out).toMatch(/nearest: small, which lacks gpu/);
      const json = await terminal.run("config", "explain", "--labels", "linux,gpu", "-o", "json");
      expect(JSON.parse(json.out)).toMatchObject({ fits: [], nearest: { profile: "small", missing: ["gpu"] } });
    });
  });

  describe("completion", () => {
    const complete = async (...words: string[]): Promise<string[]> => {
      const { out } = await terminal.run("completion", "bash");
      const script = `${out}\nonejob() { echo 01jaaa; }\nCOMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _onejob; echo "\${COMPREPLY[@]}"`;
      const printed = execFileSync("bash", ["-c", script, "bash", "onejob", ...words], { encoding: "utf8" });
      return printed.trim().split(" ").filter(Boolean);
    };

    it.each([
      [["ca"], ["cancel"]],
      [
        ["submit", "--de"],
        ["--detach", "--debug"],
      ],
      [["runners", "s"], ["show"]],
      [["list", "--state", "r"], ["running"]],
      [["--output", "j"], ["json"]],
      [["show", "01"], ["01jaaa"]],
      [["submit", "--", "li"], []],
    ])("bash completes %j to %j", async (words, expected) => {
      expect(await complete(...words)).toEqual(expected);
    });

    it.each(["bash", "zsh", "fish"])("%s knows every command", async (shell) => {
      const { out, code } = await terminal.run("completion", shell);
      expect(code).toBe(0);
      for (const name of ["submit", "rerun", "drain", "doctor", "dead-letters", "connect", "--include-git"])
        expect(out).toContain(name.replace("--", ""));
    });
  });

  describe("doctor", () => {
    interface Report {
      readonly ok: boolean;
      readonly checks: readonly {
        readonly id: string;
        readonly ok: boolean;
        readonly what: string;
        readonly fix: string;
      }[];
    }
    const diagnose = async (): Promise<{
      code: number;
      report: Report;
      check: (id: string) => Report["checks"][number] | undefined;
    }> => {
      const { code, out } = await terminal.run("doctor", "--output", "json");
      const report = JSON.parse(out) as Report;
      return { code, report, check: (id) => report.checks.find((one) => one.id === id) };
    };

    it("exits 1 when no server runs, and says how to start one", async () => {
      writeConfig('version: 1\nserver: { listen: "127.0.0.1:0" }\n');
      const { code, report, check } = await diagnose();
      expect(code).toBe(1);
      expect(report.ok).toBe(false);
      expect(check("server")).toMatchObject({ ok: false, fix: expect.stringContaining("onejob serve") as string });
      expect(check("config")?.ok).toBe(true);
    });

    it.each([
      ["an invalid config file", "config", () => writeConfig("version: 1\nnope: 1\n")],
      ["a data folder open to others", "data-folder", (t: Terminal) => chmodSync(t.dataDir, 0o755)],
      [
        "a token others can read",
        "token",
        (t: Terminal) => writeFileSync(join(t.dataDir, "token"), "x", { mode: 0o644 }),
      ],
    ])("finds %s", async (_claim, id, spoil) => {
      spoil(terminal);
      const { check } = await diagnose();
      expect(check(id)).toMatchObject({ ok: false, fix: expect.stringMatching(/.+/) as string });
    });

    it("finds a port that is taken", async () => {
      const other = await new FakeApi().start();
      writeConfig(`version: 1\nserver: { listen: "${new URL(other.url).host}" }\n`);
      const { check } = await diagnose();
      await other.stop();
      expect(check("port")).toMatchObject({ ok: false, what: expect.stringContaining("EADDRINUSE") as string });
    });

    it("exits 0 with a tick for every check when all is well, and passes on what the server says of itself", async () => {
      const api = await new FakeApi().start();
      terminal.serves(api);
      api.answers.set("GET /api/v1/status", { version });
      api.answers.set("GET /api/v1/profiles", {
        items: [{ name: "small", enforcement: { memory: false, cpu: true } }],
      });
      api.answers.set("GET /ready", { ready: true, checks: [{ name: "ledger", ok: true }] });
      const { code, out } = await terminal.run("doctor");
      expect(code).toBe(0);
      expect(out).not.toContain("✗");
      expect(out).toContain("small: memory not enforced, processors enforced");
      const notReady = { ready: false, checks: [{ name: "ledger", ok: false, fix: "free some disk" }] };
      api.replyNext("GET /ready", { status: 503, body: notReady });
      api.answers.set("GET /api/v1/status", { version: "9.9.9" });
      const { code: second, check } = await diagnose();
      await api.stop();
      expect(second).toBe(1);
      expect(check("ready")).toMatchObject({ ok: false, fix: "ledger: free some disk" });
      expect(check("version")?.ok).toBe(false);
    });
  });
});
