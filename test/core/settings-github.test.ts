import { readSettings } from "../../runtime/core/read-settings";
import type { Problem } from "../../runtime/core/read-settings";
import type { Settings } from "../../runtime/core/settings";

const machine = { os: "linux", arch: "x64" };

function problemsOf(raw: unknown): readonly Problem[] {
  const result = readSettings(raw, machine);
  return result.ok ? [] : result.problems;
}

function settingsOf(raw: unknown): Settings {
  const result = readSettings(raw, machine);
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return result.settings;
}

const least = { name: "gh", kind: "github", scopes: ["acme"], auth: { token: { env: "GH_TOKEN" } } };

/** A file with one source that says only this besides what it must. */
function withSource(source: object): unknown {
  return { version: 1, sources: [{ ...least, ...source }] };
}

function without(key: string): unknown {
  return { version: 1, sources: [Object.fromEntries(Object.entries(least).filter(([name]) => name !== key))] };
}

describe("a source of kind github", () => {
  it("has every default filled in, and jobs are asked for, since no webhook could be verified", () => {
    expect(settingsOf(withSource({})).sources).toEqual([
      { name: "api", kind: "api" },
      {
        name: "gh",
        kind: "github",
        url: "https://github.com",
        scopes: ["acme"],
        runnerGroup: "Default",
        auth: { kind: "token", token: { env: "GH_TOKEN" } },
        webhookSecrets: [],
        intake: "poll",
        poll: { intervalMs: 15_000 },
        recovery: { deliveriesMs: 300_000, runnersMs: 900_000, jobsMs: 600_000 },
        trust: null,
        runner: { version: "latest", releasesUrl: "https://api.github.com" },
      },
    ]);
  });

  it("keeps every value that is given", () => {
    const given = {
      name: "ghes",
      url: "https://GHES.example.org:8443/",
      scopes: ["acme/widgets", "Other-Org"],
      runnerGroup: "Trusted repositories",
      auth: { appId: 12_345, privateKey: { file: "./app.pem" } },
      webhookSecrets: [{ env: "NEW" }, { ssm: "/old" }],
      intake: "webhook",
      poll: { interval: "1m" },
      recovery: { deliveries: "1s", runners: "2s", jobs: "1d" },
      trust: "same-user",
      runner: { version: "2.338.0", releasesUrl: "https://ghes.example.org/api/v3/" },
    };
    expect(settingsOf(withSource(given)).sources[1]).toEqual({
      ...given,
      kind: "github",
      url: "https://ghes.example.org:8443",
      auth: { kind: "app", appId: 12_345, privateKey: { file: "./app.pem" } },
      poll: { intervalMs: 60_000 },
      recovery: { deliveriesMs: 1_000, runnersMs: 2_000, jobsMs: 86_400_000 },
      runner: { version: "2.338.0", releasesUrl: "https://ghes.example.org/api/v3" },
    });
  });

  it.each([
    [{}, "poll"],
    [{ webhookSecrets: [] }, "poll"],
    [{ webhookSecrets: [{ env: "S" }] }, "both"],
    [{ webhookSecrets: [{ env: "S" }], intake: "poll" }, "poll"],
    [{ webhookSecrets: [{ env: "S" }], intake: "webhook" }, "webhook"],
  ])("hears of jobs, given %j, by %s", (source, intake) => {
    expect(settingsOf(withSource(source)).sources[1]).toMatchObject({ intake });
  });

  it.each([
    [{ path: "/opt/actions-runner" }, { path: "/opt/actions-runner" }],
    [{ version: "2.338.0" }, { version: "2.338.0", releasesUrl: "https://api.github.com" }],
    [{ releasesUrl: "http://127.0.0.1:4010" }, { version: "latest", releasesUrl: "http://127.0.0.1:4010" }],
    [{}, { version: "latest", releasesUrl: "https://api.github.com" }],
  ])("takes the runner program %j as %j", (runner, listener) => {
    expect(settingsOf(withSource({ runner })).sources[1]).toMatchObject({ runner: listener });
  });

  it.each([
    "acme",
    "a",
    "acme-corp",
    "acme_corp",
    "x".repeat(39),
    "acme/widgets",
    "acme/.github",
    "acme/w.i_d-g",
    `acme/${"r".repeat(100)}`,
  ])("may serve the scope %s", (scope) => {
    expect(problemsOf(withSource({ scopes: [scope] }))).toEqual([]);
  });

  it.each([
    "",
    "-acme",
    "x".repeat(40),
    "ac me",
    "acme.org",
    "acme/",
    "/widgets",
    "acme/a/b",
    "acme/..",
    "acme/.",
    "acme/widgets.git",
    `acme/${"r".repeat(101)}`,
    "https://github.com/acme",
    "acme/*",
    "*",
  ])("may not serve %j, which GitHub has no place for", (scope) => {
    expect(problemsOf(withSource({ scopes: [scope] })).map(({ path }) => path)).toEqual(["sources[0].scopes[0]"]);
  });
});

const app = { appId: 1, privateKey: { file: "./app.pem" } };
const token = { token: { env: "GH_TOKEN" } };

const mistakes: [raw: unknown, path: string, what: string, fix: string][] = [
  [without("scopes"), "scopes", "is missing", "add scopes: [acme/widgets]"],
  [without("auth"), "auth", "is missing", "add auth: { token: { env: GH_TOKEN } }"],
  [without("name"), "name", "is missing", "add name: gh"],
  [withSource({ scopes: [] }), "scopes", "a list of 1 to 100 entries", "scopes: [acme/widgets]"],
  [withSource({ scopes: "acme" }), "scopes", 'not "acme"', "scopes: [acme/widgets]"],
  [withSource({ scopes: ["acme", "ACME"] }), "scopes[1]", "twice, case aside", "remove one"],
  [withSource({ url: "http://github.com" }), "url", "on loopback only", 'url: "https://github.com"'],
  [withSource({ auth: {} }), "auth", "neither app nor token", "{ token: { env: GH_TOKEN } }, or { appId:"],
  [withSource({ auth: { ...app, ...token } }), "auth", "both an app and a token", "keep one"],
  [withSource({ auth: { appId: 1 } }), "auth.privateKey", "is missing", "add privateKey: { file: ./app.pem }"],
  [withSource({ auth: { privateKey: { env: "K" } } }), "auth.appId", "is missing", "add appId: 12345"],
  [withSource({ auth: { ...app, appId: "7" } }), "auth.appId", "a whole number", "without quotes: appId: 7"],
  [withSource({ auth: { ...app, appId: 0 } }), "auth.appId", "1 to", "appId: 12345"],
  [withSource({ auth: { ...token, tokn: 1 } }), "auth", "a key that is not known", 'did you mean "token"?'],
  [withSource({ auth: { token: "x" } }), "auth.token", "{env: NAME}", "e.g. { env: GH_TOKEN }"],
  [withSource({ auth: { appId: 1, privateKey: "x" } }), "auth.privateKey", "{env: NAME}", "{ file: ./app.pem }"],
  [withSource({ webhookSecrets: ["x"] }), "webhookSecrets[0]", "{env: NAME}", "{ env: GH_WEBHOOK_SECRET }"],
  [withSource({ webhookSecrets: { env: "X" } }), "webhookSecrets", "a list", "webhookSecrets: [{ env: GH_"],
  [withSource({ webhookSecrets: Array(11).fill({ env: "X" }) }), "webhookSecrets", "0 to 10 entries", "write e.g."],
  [withSource({ intake: "webhook" }), "intake", "no secret to verify", "add webhookSecrets: [{ env: GH_WEBHOOK_SECRET"],
  [withSource({ intake: "both", webhookSecrets: [] }), "intake", "no secret to verify", "or write intake: poll"],
  [withSource({ intake: "push" }), "intake", 'one of webhook, poll, both, not "push"', "intake: poll"],
  [withSource({ poll: { interval: "500ms" } }), "poll.interval", "(1s to 1h)", "interval: 15s"],
  [withSource({ recovery: { runners: "2d" } }), "recovery.runners", "(1s to 1d)", "runners: 15m"],
  [withSource({ trust: "full" }), "trust", "must be same-user", "trust: same-user"],
  [withSource({ runner: { path: "x", version: "latest" } }), "runner.version", "no effect beside", "remove version"],
  [withSource({ runner: { version: "v2" } }), "runner.version", "`latest`, or", "version: latest"],
  [withSource({ runner: { version: 2.3 } }), "runner.version", "not 2.3", 'in quotes: version: "2.3"'],
  [withSource({ runner: { path: "" } }), "runner.path", "path of a folder", "path: /opt/actions-runner"],
  [withSource({ runnerGroup: "" }), "runnerGroup", "1 to 255 characters", "runnerGroup: Default"],
  [withSource({ token: "x" }), "token", "no key", "it belongs at sources[].auth.token of kind github"],
];

describe("a mistake in a source of kind github", () => {
  it.each(mistakes.map(([raw, ...said]) => [said, raw] as const))("is told as %j", ([path, what, fix], raw) => {
    const problems = problemsOf(raw);
    expect(problems.map((problem) => problem.path)).toEqual([`sources[0].${path}`]);
    expect(problems[0]?.what).toContain(what);
    expect(problems[0]?.fix).toContain(fix);
  });

  const secret = "hunter2";
  it.each([
    { auth: secret },
    { auth: [secret] },
    { auth: { [secret]: null } },
    { auth: { token: secret } },
    { auth: { token: { env: `ghp_${secret.repeat(3)}` } } },
    { auth: { token: { file: `github_pat_${secret.repeat(3)}` } } },
    { auth: { appId: secret, privateKey: { file: "k" } } },
    { auth: { appId: 1, privateKey: `-----BEGIN RSA PRIVATE KEY-----\n${secret}` } },
    { auth: { appId: 1, privateKey: { file: `-----BEGIN RSA PRIVATE KEY-----\n${secret}` } } },
    { webhookSecrets: secret },
    { webhookSecrets: [secret] },
    { url: `https://user:${secret}@github.com` },
    { url: `https://github.com?token=${secret}` },
    { runner: { releasesUrl: `https://${secret}@mirror.example.org` } },
    { token: secret },
  ])("never repeats a secret that stands in the file: %j", (source) => {
    const problems = problemsOf(withSource(source));
    expect(problems.length).toBeGreaterThan(0);
    expect(JSON.stringify(problems)).not.toContain(secret);
  });
});

describe("two sources of kind github", () => {
  const two = (first: object, second: object): unknown => ({
    version: 1,
    sources: [
      { ...least, name: "a", ...first },
      { ...least, name: "b", ...second },
    ],
  });

  it.each([
    ["the same organisation", { scopes: ["acme"] }, { scopes: ["Acme"] }],
    ["the same repository", { scopes: ["x", "acme/widgets"] }, { scopes: ["acme/Widgets"] }],
    ["an organisation and a repository of it", { scopes: ["acme"] }, { scopes: ["acme/widgets"] }],
    ["a repository and its organisation", { scopes: ["acme/widgets"] }, { scopes: ["acme"] }],
    ["one address written in two ways", { url: "https://github.com/" }, { url: "https://GitHub.com" }],
  ])("may not both serve %s", (_, first, second) => {
    const problems = problemsOf(two(first, second));
    expect(problems.map(({ path }) => path)).toEqual(["sources[1].scopes[0]"]);
    expect(problems[0]?.what).toContain("sources[0].scopes[");
  });

  it.each([
    ["of different names", { scopes: ["acme"] }, { scopes: ["acme2/widgets"] }],
    ["at different addresses", {}, { url: "https://acme.ghe.com" }],
  ])("may serve scopes %s", (_, first, second) => {
    expect(problemsOf(two(first, second))).toEqual([]);
  });

  it("need names of their own, case aside, since their webhooks come in by name", () => {
    const paths = problemsOf(two({ name: "gh" }, { name: "GH", scopes: ["other"] })).map(({ path }) => path);
    expect(paths).toEqual(["sources[1].name"]);
  });
});
