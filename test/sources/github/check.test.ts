import type { GithubSourceSettings } from "../../../runtime/core/settings";
import { checkGithubSource, type GithubFinding } from "../../../runtime/sources/github";
import { readExpiry } from "../../../runtime/sources/github/token-expiry";
import { Bench, byApp, token } from "./source-bench";
import { no, ok, scriptedGithub, type Reply } from "./scripted-github";

const minute = 60_000;
const runners = "GET /repos/acme/widgets/actions/runners";
const runs = "GET /repos/acme/widgets/actions/runs";
const installation = "GET /repos/acme/widgets/installation";
const all = {
  id: 9,
  permissions: {
    administration: "write",
    organization_self_hosted_runners: "write",
    actions: "write",
    metadata: "read",
  },
  events: ["workflow_job", "workflow_run"],
};

describe("the check of a source", () => {
  const github = scriptedGithub();
  let bench: Bench;

  beforeEach(() => {
    github.on("GET /meta", ok({ installed_version: "3.17.1" }));
    github
      .on(runners, ok({ runners: [] }))
      .on(runs, ok({ workflow_runs: [] }))
      .on(installation, ok(all));
    github.on("GET /orgs/acme/installation", ok(all)).on("GET /orgs/acme/actions/runners", ok({ runners: [] }));
    github.on("GET /orgs/acme/actions/runner-groups", ok({ runner_groups: [{ id: 1, name: "Default" }] }));
    const expires_at = new Date(github.now + 60 * minute).toISOString();
    github.on("POST /app/installations/9/access_tokens", { status: 201, body: { token: "ghs_x", expires_at } });
    open();
  });

  function open(changes: Partial<GithubSourceSettings> = {}): void {
    bench = new Bench(github.url, changes);
  }
  const check = (files: readonly string[] = ["/opt/actions-runner/bin/Runner.Listener"]) =>
    checkGithubSource({ ...bench.options, fileExists: (path) => Promise.resolve(files.includes(path)) });
  const problems = async () => (await check()).filter(({ ok: fine }) => !fine);
  const theProblem = async (): Promise<GithubFinding> => {
    const found = await problems();
    if (found.length !== 1 || found[0] === undefined) throw new Error(`not one problem: ${JSON.stringify(found)}`);
    return found[0];
  };

  it("finds nothing wrong where nothing is, and says what it looked at", async () => {
    const findings = await check();
    expect(findings.filter(({ ok: fine, fix }) => !fine || fix !== "")).toEqual([]);
    expect(findings.map(({ id }) => id)).toEqual([
      "github-reachable",
      "github-clock",
      "github-credentials",
      "github-runners-acme/widgets",
      "github-jobs-acme/widgets",
      "github-webhook-secrets",
      "github-polling",
      "github-runner",
    ]);
    expect(findings[0]?.what).toContain("3.17.1");
  });

  it("finds nothing wrong with an app for an organisation either", async () => {
    open({ auth: byApp, scopes: ["acme"] });
    expect((await check()).map(({ id, ok: fine }) => `${fine ? "✓" : "✗"} ${id}`)).toEqual([
      "✓ github-reachable",
      "✓ github-clock",
      "✓ github-credentials",
      "✓ github-permissions-acme",
      "✓ github-events-acme",
      "✓ github-runners-acme",
      "✓ github-group-acme",
      "✓ github-webhook-secrets",
      "✓ github-polling",
      "✓ github-runner",
    ]);
  });

  it("changes nothing there, and calls nothing but what the source may call", async () => {
    open({ auth: byApp, scopes: ["acme", "acme/widgets"] });
    await check();
    const made = github.calls.map((call) => call.split("?")[0]);
    expect(new Set(made)).toEqual(
      new Set([
        "GET /meta",
        installation,
        "GET /orgs/acme/installation",
        "POST /app/installations/9/access_tokens",
        runners,
        runs,
        "GET /orgs/acme/actions/runners",
        "GET /orgs/acme/actions/runner-groups",
      ]),
    );
  });

  it.each<[string, Reply]>([
    ["an error", no(502, "oops")],
    ["nothing", "hang"],
    ["a broken connection", "drop"],
  ])("says so when the server answers with %s, and asks no further", async (_case, reply) => {
    github.on("GET /meta", reply);
    expect((await theProblem()).id).toBe("github-reachable");
    expect(github.asked).toHaveLength(1);
  });

  it("takes a server that does not show its version", async () => {
    github.on("GET /meta", no(404, "Not Found"));
    expect(await problems()).toEqual([]);
  });

  it.each([
    [2 * minute, "120 s behind"],
    [-2 * minute, "120 s ahead"],
  ])("says that the clock is wrong by %i ms", async (ahead, words) => {
    github.now += ahead;
    const { id, what } = await theProblem();
    expect([id, what.includes(words)]).toEqual(["github-clock", true]);
  });

  it.each<[string, Partial<GithubSourceSettings>, string, string | undefined]>([
    ["a token that is not there", {}, "GH_TOKEN", undefined],
    ["a token that is empty", {}, "GH_TOKEN", " "],
    ["a key that is not there", { auth: byApp }, "app.pem", undefined],
    ["a key that is none", { auth: byApp }, "app.pem", "c2VjcmV0"],
  ])("names the place of %s", async (...[, changes, place, value]) => {
    open(changes);
    if (value === undefined) bench.secrets.delete(place);
    else bench.secrets.set(place, value);
    const { id, what, fix } = await theProblem();
    expect([id, `${what} ${fix}`.includes(place), what.includes("c2VjcmV0")]).toEqual([
      "github-credentials",
      true,
      false,
    ]);
  });

  it("says that the token is not accepted, without showing it", async () => {
    github.on(runners, no(401, `Bad credentials: ${token}`));
    const finding = await theProblem();
    expect([finding.id, JSON.stringify(finding).includes(token)]).toEqual(["github-credentials", false]);
  });

  it("says that the app is not accepted", async () => {
    open({ auth: byApp });
    github.on(installation, no(401, "A JSON web token could not be decoded"));
    expect((await theProblem()).id).toBe("github-credentials");
  });

  it.each<[string, Reply, string, RegExp]>([
    ["is not installed", no(404, "Not Found"), "github-installation-acme/widgets", /install the app/],
    [
      "is suspended",
      ok({ ...all, suspended_at: "2026-01-01T00:00:00Z" }),
      "github-installation-acme/widgets",
      /unsuspend/,
    ],
    [
      "may only read",
      ok({ ...all, permissions: { administration: "read", actions: "read" } }),
      "github-permissions-acme/widgets",
      /Administration.*read and write/,
    ],
    [
      "may not read jobs",
      ok({ ...all, permissions: { administration: "write" } }),
      "github-permissions-acme/widgets",
      /Actions/,
    ],
    ["hears nothing of jobs", ok({ ...all, events: ["push"] }), "github-events-acme/widgets", /Workflow job/],
  ])("says that an app %s", async (...[, reply, id, fix]) => {
    open({ auth: byApp });
    github.on(installation, reply);
    const finding = await theProblem();
    expect(finding.id).toBe(id);
    expect(finding.fix).toMatch(fix);
  });

  it("is content with an app that cannot cancel, and says so", async () => {
    open({ auth: byApp });
    github.on(installation, ok({ ...all, permissions: { ...all.permissions, actions: "read" } }));
    const findings = await check();
    const finding = findings.find(({ id }) => id.startsWith("github-permissions"));
    expect(finding).toMatchObject({
      ok: true,
      what: expect.stringMatching(/neither cancel nor repeat.*a fleet/) as string,
    });
  });

  it("asks for no events where no webhooks are taken", async () => {
    open({ auth: byApp, intake: "poll", webhookSecrets: [] });
    github.on(installation, ok({ ...all, events: [] }));
    expect(await problems()).toEqual([]);
  });

  it.each([
    [runners, "github-runners-acme/widgets", "Administration"],
    [runs, "github-jobs-acme/widgets", "Actions"],
  ])("says which right %s lacks", async (call, id, shown) => {
    github.on(call, no(403, "Resource not accessible by personal access token"));
    const finding = await theProblem();
    expect([finding.id, finding.fix.includes(shown), finding.what.includes(finding.fix)]).toEqual([id, true, false]);
  });

  it("says that there is no such group, and which there are", async () => {
    open({ scopes: ["acme"], runnerGroup: "nightly" });
    const { id, what } = await theProblem();
    expect([id, what.includes('"Default"')]).toEqual(["github-group-acme", true]);
  });

  it("goes on with the next scope after one that fails", async () => {
    open({ scopes: ["acme/gone", "acme/widgets"] });
    const findings = await check();
    expect(findings.find(({ id }) => id === "github-runners-acme/gone")?.ok).toBe(false);
    expect(findings.find(({ id }) => id === "github-runners-acme/widgets")?.ok).toBe(true);
  });

  it.each<[string, Partial<GithubSourceSettings>, string]>([
    ["no webhook secret is set though webhooks are taken", { webhookSecrets: [] }, "github-webhook-secrets"],
    [
      "a webhook secret cannot be read",
      { webhookSecrets: [{ env: "HOOK" }, { file: "gone" }] },
      "github-webhook-secrets",
    ],
    ["a token cannot poll an organisation", { intake: "poll", scopes: ["acme"] }, "github-polling"],
    ["the runner's folder holds no runner", { runner: { path: "/elsewhere" } }, "github-runner"],
  ])("says that %s", async (_case, changes, id) => {
    open(changes);
    expect((await theProblem()).id).toBe(id);
  });

  it.each<[number, boolean]>([
    [30, true],
    [3, false],
    [-1, false],
  ])("looks when the token ends: in %i days is fine: %j", async (days, fine) => {
    const end = new Date(github.now + days * 24 * 60 * minute).toISOString().replace("T", " ").replace(/\..*/, " UTC");
    github.on(runners, ok({ runners: [] }, { "github-authentication-token-expiration": end }));
    expect((await check()).find(({ id }) => id === "github-token-expiry")?.ok).toBe(fine);
  });

  it.each([
    ["2026-11-25 12:00:00 UTC", "2026-11-25T12:00:00.000Z"],
    ["2026-11-25 12:00:00 +0200", "2026-11-25T10:00:00.000Z"],
    ["2026-11-25 12:00:00 -0730", "2026-11-25T19:30:00.000Z"],
  ])("reads the end of a token from %s", (text, time) => {
    expect(readExpiry(text)).toBe(Date.parse(time));
  });

  it.each([null, "", "never", "2026-11-25", "2026-99-99 12:00:00 UTC"])("reads no end from %j", (text) => {
    expect(readExpiry(text)).toBeNull();
  });
});
