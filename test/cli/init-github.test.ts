/** `onejob init` for GitHub, without an app to make: what it writes, refuses, and says to do next. */
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { GithubSourceSettings } from "../../runtime/core/settings";
import { loadSettings } from "../../runtime/entry/local/config-file";
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

function githubSource(path = file()): GithubSourceSettings {
  const source = loadSettings(path).sources.find(({ kind }) => kind === "github");
  if (source?.kind === "github") return source;
  throw new Error("there is no source of kind github");
}

describe("init for GitHub", () => {
  it("writes with --yes a source that asks GitHub with a token from the environment, and trusts nobody", async () => {
    const { code } = await terminal.run("init", "--yes", "--github", "acme/widgets");
    expect(code).toBe(0);
    expect((await terminal.run("config", "validate")).code).toBe(0);
    expect(githubSource()).toMatchObject({
      name: "gh",
      url: "https://github.com",
      scopes: ["acme/widgets"],
      auth: { kind: "token", token: { env: "GH_TOKEN" } },
      webhookSecrets: [],
      intake: "poll",
      trust: null,
    });
  });

  it.each([
    [["--token-env", "CI_TOKEN"], { kind: "token", token: { env: "CI_TOKEN" } }],
    [["--token-env", "null"], { kind: "token", token: { env: "null" } }],
    [["--token-file", "token"], { kind: "token", token: { file: "<folder>/token" } }],
    [["--token-file", "/run/secrets/a b"], { kind: "token", token: { file: "/run/secrets/a b" } }],
    [["--token-file", "../token"], { kind: "token", token: { file: "<folder>/../token" } }],
    [
      ["--app-id", "12345", "--private-key", "app.pem"],
      { kind: "app", appId: 12_345, privateKey: { file: "<folder>/app.pem" } },
    ],
  ])("with %j says who we are", async (flags, auth) => {
    expect((await terminal.run("init", "--yes", "--github", "acme/widgets", ...flags)).code).toBe(0);
    const expected = JSON.stringify(auth).replace("<folder>/..", terminal.folder).replace("<folder>", terminal.cwd);
    expect(githubSource().auth).toEqual(JSON.parse(expected));
  });

  it("writes paths so that they hold from the config file's own folder", async () => {
    mkdirSync(join(terminal.cwd, "etc"));
    await terminal.run(
      "--config",
      "etc/onejob.yaml",
      "init",
      "--yes",
      "--github",
      "acme/widgets",
      "--token-file",
      "etc/token",
    );
    const path = join(terminal.cwd, "etc", "onejob.yaml");
    expect(readFileSync(path, "utf8")).toContain("file: ./token");
    expect(githubSource(path).auth).toEqual({ kind: "token", token: { file: join(terminal.cwd, "etc", "token") } });
  });

  it("takes several scopes, as a list or one by one, and another GitHub", async () => {
    const scopes = ["--github", "acme/widgets, other/widgets", "--github", "third/widgets"];
    await terminal.run("init", "--yes", ...scopes, "--github-url", "https://acme.ghe.com/");
    expect(githubSource()).toMatchObject({
      url: "https://acme.ghe.com",
      scopes: ["acme/widgets", "other/widgets", "third/widgets"],
    });
  });

  it.each([
    [["--token-env", "T", "--token-file", "f"], "give one of --token-env"],
    [["--token-env", "T", "--app-id", "1", "--private-key", "k"], "give one of --token-env"],
    [["--create-app", "--token-env", "T"], "give one of --token-env"],
    [["--app-id", "1"], "belong together"],
    [["--private-key", "k"], "belong together"],
    [["--app-id", "Iv1.abc", "--private-key", "k"], "the number on the app's settings page"],
    [["--app-id", "0", "--private-key", "k"], "the number on the app's settings page"],
    [["--webhook-url", "https://ci.example.org"], "belong to --create-app"],
    [["--port", "80"], "belong to --create-app"],
    [["--create-app", "--webhook-url", "ci.example.org"], "--webhook-url takes"],
    [["--create-app", "--webhook-url", "https://u:p@ci.example.org"], "--webhook-url takes"],
    [["--create-app", "--port", "70000"], "--port takes"],
    [["--create-app", "--github", "other"], "an app belongs to one owner"],
    [["--create-app", "--webhook-secret-env", "S"], "brings its own webhook secret"],
    [["--github", "other"], "with a token jobs are found in single repositories only"],
  ])("refuses %j with a reason, and writes nothing", async (flags, reason) => {
    const { code, err } = await terminal.run("init", "--yes", "--github", "acme/widgets", ...flags);
    expect(code).toBe(2);
    expect(err).toContain(reason);
    expect(readdirSync(terminal.cwd)).toEqual([]);
  });

  it.each([
    [["--token-env", "T"]],
    [["--create-app"]],
    [["--trust-same-user"]],
    [["--github-url", "https://acme.ghe.com"]],
    [["--github", " , "]],
  ])("refuses %j without an organisation or repository", async (flags) => {
    const { code, err } = await terminal.run("init", "--yes", ...flags);
    expect(code).toBe(2);
    expect(err).toContain("--github");
    expect(existsSync(file())).toBe(false);
  });

  it.each([
    [["--github", "https://github.com/acme/widgets"], "sources[0].scopes[0]"],
    [["--github", "acme/widgets", "--github", "ACME/Widgets"], "sources[0].scopes[1]"],
    [["--github", "acme/widgets", "--github-url", "http://github.com"], "sources[0].url"],
    [["--github", "acme/widgets", "--github-url", "https://api.github.com"], "sources[0].url"],
    [["--github", 'a/b"]}\nx/y:[c'], "sources[0].scopes[0]"],
    [["--github", "acme/widgets", "--token-env", "not a name"], "sources[0].auth.token"],
    [["--github", "a/b/c", "--create-app"], "sources[0].scopes[0]"],
  ])("refuses %j as the server would refuse the file", async (flags, path) => {
    const { code, err } = await terminal.run("init", "--yes", ...flags);
    expect(code).toBe(78);
    expect(err).toContain(path);
    expect(existsSync(file())).toBe(false);
  });

  it("never repeats a token given in the place of its name", async () => {
    const { code, err } = await terminal.run(
      "init",
      "--yes",
      "--github",
      "acme/widgets",
      "--token-env",
      `ghp_${"hunter2".repeat(5)}`,
    );
    expect(code).toBe(78);
    expect(err).not.toContain("hunter2");
  });

  it("trusts with --yes only when told to", async () => {
    await terminal.run("init", "--yes", "--github", "acme/widgets", "--trust-same-user");
    expect(githubSource().trust).toBe("same-user");
  });

  it.each([
    ["y", "same-user"],
    ["Yes", "same-user"],
    ["n", null],
    ["", null],
    ["maybe", null],
  ])("asks on a terminal for scopes, says what trust means, and takes %j as %j", async (answer, trust) => {
    sitDown("", "", "", "acme/widgets other/widgets", answer);
    const { code, err } = await terminal.run("init");
    expect(code).toBe(0);
    expect(err).toContain("whoever can change a workflow there can then read and change all this user can");
    expect(githubSource()).toMatchObject({ scopes: ["acme/widgets", "other/widgets"], trust });
  });

  it("does not ask for what the flags say", async () => {
    sitDown("", "", "");
    const { code, err } = await terminal.run("init", "--github", "acme/widgets", "--trust-same-user");
    expect(code).toBe(0);
    expect(err).not.toContain("GitHub organisation or");
    expect(githubSource()).toMatchObject({ scopes: ["acme/widgets"], trust: "same-user" });
  });

  it("keeps the source when other answers change the file", async () => {
    sitDown("127.0.0.1:9999", "3", "1h", "acme/widgets", "y");
    await terminal.run("init");
    expect(written()).toContain("auth: { token: { env: GH_TOKEN } } #");
    expect(githubSource().scopes).toEqual(["acme/widgets"]);
  });

  it.each([
    ["acme", ["Self-hosted runners: read and write", "repo, admin:org"], ["Administration"]],
    ["acme/widgets", ["Administration: read and write", "classic token: repo)"], ["Self-hosted runners"]],
  ])("says for %s which rights the token needs, and what comes next", async (scope, told, untold) => {
    const { err } = await terminal.run("init", "--yes", "--github", scope, "--webhook-secret-env", "HOOK");
    const always = [
      "Actions: read",
      "GH_TOKEN",
      "/webhooks/gh",
      "onejob doctor",
      "onejob serve",
      "runs-on: [self-hosted",
    ];
    for (const words of [...always, ...told]) expect(err).toContain(words);
    for (const words of untold) expect(err).not.toContain(words);
  });

  it.each([
    ["a token", [], "acme"],
    ["an app", ["--app-id", "1", "--private-key", "k"], "acme/widgets"],
  ])("takes webhooks that somebody set up, with %s", async (_, flags, scope) => {
    await terminal.run("init", "--yes", "--github", scope, "--webhook-secret-env", "HOOK", ...flags);
    expect(githubSource()).toMatchObject({ webhookSecrets: [{ env: "HOOK" }], intake: "both" });
  });

  it("says of a file that others must not read it, and of an app that it must be installed", async () => {
    const token = await terminal.run(
      "--config",
      "a.yaml",
      "init",
      "--yes",
      "--github",
      "acme/widgets",
      "--token-file",
      "t",
    );
    expect(token.err).toContain("chmod 600");
    const app = ["--app-id", "1", "--private-key", "k.pem"];
    const { err } = await terminal.run("--config", "b.yaml", "init", "--yes", "--github", "acme/widgets", ...app);
    expect(err).toContain("the app is installed on acme/widgets");
    expect(err).not.toContain("token");
  });

  it("says that jobs without trust need another place", async () => {
    expect((await terminal.run("--config", "a.yaml", "init", "--yes", "--github", "acme/widgets")).err).toContain(
      "kind docker",
    );
    const trusting = await terminal.run(
      "--config",
      "b.yaml",
      "init",
      "--yes",
      "--github",
      "acme/widgets",
      "--trust-same-user",
    );
    expect(trusting.err).not.toContain("kind docker");
  });

  it("leaves --token-file to the server's token where nothing is said of GitHub", async () => {
    writeFileSync(join(terminal.cwd, "server-token"), "x", { mode: 0o600 });
    expect((await terminal.run("--token-file", "server-token", "init", "--yes")).code).toBe(0);
    expect(written()).not.toContain("github");
  });
});
