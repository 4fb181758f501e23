import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { OnejobError } from "../../runtime/core/errors";
import { builtInSettings } from "../../runtime/core/read-settings";
import { findConfigFile, loadSettings, problemLines, readConfigText } from "../../runtime/entry/local/config-file";

const machine = { os: "linux", arch: "x64" };
let folder: string;
let cwd: string;
let home: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "onejob-config-"));
  cwd = join(folder, "work");
  home = join(folder, "home");
  mkdirSync(cwd);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(path: string, text = "version: 1\n"): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  return path;
}

function refusal(run: () => unknown): OnejobError {
  try {
    run();
  } catch (error) {
    if (error instanceof OnejobError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}

describe("findConfigFile", () => {
  it("takes the flag, then ONEJOB_CONFIG, then the working folder, then the user's folder, then none", () => {
    const env = { ONEJOB_CONFIG: "env.yaml", XDG_CONFIG_HOME: join(folder, "xdg"), HOME: home };
    const withoutVariable = { ...env, ONEJOB_CONFIG: undefined };
    const flagged = write(join(cwd, "flag.yaml"));
    const named = write(join(cwd, "env.yaml"));
    const local = write(join(cwd, "onejob.yaml"));
    const user = write(join(folder, "xdg", "onejob", "onejob.yaml"));
    expect(findConfigFile({ flag: "flag.yaml", env, cwd })).toBe(flagged);
    expect(findConfigFile({ env, cwd })).toBe(named);
    expect(findConfigFile({ env: { ...env, ONEJOB_CONFIG: "" }, cwd })).toBe(local);
    rmSync(local);
    expect(findConfigFile({ env: withoutVariable, cwd })).toBe(user);
    rmSync(user);
    expect(findConfigFile({ env: withoutVariable, cwd })).toBeNull();
  });

  it.each([undefined, "", "relative/folder"])("looks below ~/.config when XDG_CONFIG_HOME is %j", (xdg) => {
    const user = write(join(home, ".config", "onejob", "onejob.yaml"));
    expect(findConfigFile({ env: { XDG_CONFIG_HOME: xdg, HOME: home }, cwd })).toBe(user);
  });

  it("finds nothing below a home that is no folder", () => {
    expect(findConfigFile({ env: { HOME: "/dev/null" }, cwd })).toBeNull();
  });

  it("keeps an absolute path as it is", () => {
    const path = write(join(folder, "elsewhere.yaml"));
    expect(findConfigFile({ flag: path, env: {}, cwd })).toBe(path);
  });

  it.each([[{ flag: "absent.yaml", env: {} }], [{ env: { ONEJOB_CONFIG: "absent.yaml" } }]])(
    "refuses a named file that is missing: %j",
    (search) => {
      write(join(cwd, "onejob.yaml"));
      const error = refusal(() => findConfigFile({ ...search, cwd }));
      expect(error.code).toBe("bad-config");
      expect(error.message).toContain(join(cwd, "absent.yaml"));
      expect(error.message).toContain("does not exist");
    },
  );

  it("does not pass over a link that leads nowhere", () => {
    symlinkSync(join(cwd, "gone.yaml"), join(cwd, "onejob.yaml"));
    const path = findConfigFile({ env: { HOME: home }, cwd });
    expect(path).toBe(join(cwd, "onejob.yaml"));
    expect(refusal(() => loadSettings(path)).message).toContain("cannot be read: ENOENT");
  });
});

describe("loadSettings", () => {
  it("gives the built-in settings without a file", () => {
    expect(loadSettings(null, machine)).toEqual(builtInSettings(machine));
  });

  it("labels the built-in profile with this machine by default", () => {
    expect(loadSettings(null)).toEqual(builtInSettings({ os: process.platform, arch: process.arch }));
  });

  it("reads a file", () => {
    const path = write(join(cwd, "onejob.yaml"), "version: 1\nserver: { listen: '127.0.0.1:0' }\n");
    expect(loadSettings(path, machine).server.listen).toBe("127.0.0.1:0");
  });

  it("lists every problem on a line of its own, after the name of the file", () => {
    const path = write(join(cwd, "onejob.yaml"), "version: 1\nserver: { maxRunner: 1, listen: here }\n");
    const error = refusal(() => loadSettings(path, machine));
    expect(error.entry.exitCode).toBe(78);
    const example = 'write e.g. listen: "127.0.0.1:7433"';
    expect(error.message.split("\n")).toEqual([
      `the configuration is not valid: ${path}`,
      '  server.maxRunner: there is no key "maxRunner" here (did you mean "maxRunners"?)',
      `  server.listen: must be text (\`host:port\`, port 0 to 65535), not "here" (${example})`,
    ]);
    expect(error.details).toMatchObject({
      file: path,
      problems: [{ path: "server.maxRunner" }, { path: "server.listen" }],
    });
  });

  it("refuses a folder in the place of a file", () => {
    expect(refusal(() => loadSettings(cwd)).message).toContain("cannot be read: EISDIR");
  });

  it("refuses a file that never ends", () => {
    expect(refusal(() => loadSettings("/dev/zero")).message).toContain("is larger than 256 KiB");
  });
});

describe("relative paths in the file", () => {
  const text = `version: 1
sources:
  - name: app
    kind: github
    scopes: [acme]
    auth: { appId: 1, privateKey: { file: ./app.pem } }
    webhookSecrets: [{ file: secrets/new }, { env: OLD }, { file: /run/secrets/old }]
    runner: { path: actions-runner }
  - { name: token, kind: github, scopes: [other], auth: { token: { file: ../token } } }
profiles:
  - name: small
    labels: [a]
    compute: { kind: docker, image: x, socket: run/x.sock, registry: { username: u, password: { file: password } } }
  - { name: plain, labels: [b], compute: { kind: docker, image: x } }
  - { name: local, labels: [c] }
`;

  it("start at the folder of the file, wherever the program runs", () => {
    const folderOfFile = join(folder, "etc", "onejob");
    const { sources, profiles } = loadSettings(write(join(folderOfFile, "onejob.yaml"), text), machine);
    expect(sources.slice(1)).toMatchObject([
      {
        auth: { privateKey: { file: join(folderOfFile, "app.pem") } },
        webhookSecrets: [{ file: join(folderOfFile, "secrets/new") }, { env: "OLD" }, { file: "/run/secrets/old" }],
        runner: { path: join(folderOfFile, "actions-runner") },
      },
      { auth: { token: { file: join(folder, "etc", "token") } }, runner: { version: "latest" } },
    ]);
    expect(profiles.map(({ compute }) => compute)).toMatchObject([
      { socket: join(folderOfFile, "run/x.sock"), registry: { password: { file: join(folderOfFile, "password") } } },
      { socket: null, registry: null },
      { kind: "process" },
    ]);
  });
});

describe("readConfigText", () => {
  const linesOf = (text: string): string[] => {
    const result = readConfigText(text, machine);
    return result.ok ? [] : problemLines(result.problems);
  };

  it.each([
    ["version: 1\nserver: {listen: [", "line 2, column 19: "],
    ["version: 1\n\tserver: 1\n", "line 2, column 1: a tab is used to indent (indent with spaces)"],
    ["version: 1\nserver: {listen: 'a", "line 2, column 20: a quote, bracket, colon or comma is missing here (add it)"],
    ["version: 1\n---\nversion: 1\n", "line 2, column 1: a second document (---) begins here"],
    ["version: 1\nserver: listen: x\n", "line 2, column 9: there are two colons in one line"],
    ["version: 1\r\nversion: 1\r\n", "line 2, column 1: the key here was given before (remove one of the two)"],
    ["version: 1\nserver: {listen: !local 'a:1'}\n", "line 2, column 18: there is an unknown tag (!name)"],
    ["version: 1\n? [a, b]\n: 1\n", "line 2, column 3: the key here is no plain text"],
    ["", "(whole file): is empty"],
    ["# nothing\n", "(whole file): is empty"],
    ["- version: 1\n", "(whole file): must be keys and values, not a list"],
  ])("says of %j where it is wrong", (text, line) => {
    expect(linesOf(text)[0]).toContain(line);
  });

  it("tells a doubled key together with all other problems", () => {
    const lines = linesOf("version: 1\nserver: { maxRunners: 1, maxRunners: 2 }\nnonsense: 1\n");
    expect(lines.map((line) => line.split(": ")[0])).toEqual(["line 2, column 26", "nonsense"]);
  });

  it.each([
    "*hunter2",
    "!hunter2 x",
    "!!hunter2",
    '"hunter2',
    "hunter2: hunter2",
    "[hunter2",
    "@hunter2",
    "%hunter2",
    "{ [hunter2]: 1 }",
  ])("never repeats what stands at a place that is not YAML: %s", (value) => {
    const lines = linesOf(`version: 1\nsecret: ${value}\n`);
    expect(lines.length).toBeGreaterThan(0);
    expect(lines.join("\n")).not.toContain("hunter2");
  });

  it.each([
    ["keys in keys", "? ".repeat(600)],
    ["lists of keys", `${"[{".repeat(300)}${"}]".repeat(300)}`],
    ["lists", `${"[".repeat(20_000)}${"]".repeat(20_000)}`],
  ])("refuses %s, however deep they are nested, without trying for ever", (_, text) => {
    expect(linesOf(text)).not.toEqual([]);
  });

  it("refuses aliases that would grow without bounds", () => {
    const rows = ["a: &a [x, x, x, x, x, x, x, x, x, x]"];
    for (const [name, from] of ["ba", "cb", "dc"])
      rows.push(`${name}: &${name} [${Array(11).fill(`*${from}`).join(", ")}]`);
    expect(linesOf(rows.join("\n"))).toEqual([expect.stringContaining("far too many")]);
  });

  it("merges shared parts by anchor", () => {
    const text = [
      "version: 1",
      "profiles:",
      "  - { name: a, labels: [a], limits: &shared { maxRunners: 2, cpus: 1 } }",
      "  - { name: b, labels: [b], limits: { <<: *shared, cpus: 4 } }",
    ];
    const result = readConfigText(text.join("\n"), machine);
    expect(result.ok && result.settings.profiles[1]?.limits).toEqual({ maxRunners: 2, memoryMiB: null, cpus: 4 });
  });
});
