/** `onejob init --create-app`: a browser goes to GitHub and comes back with a code. The test is the browser. */
import { createServer } from "node:net";
import { readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createApp } from "../../runtime/cli/init/create-app";
import { loadSettings } from "../../runtime/entry/local/config-file";
import { FakeGitHub, seededRandom } from "../fakes/github";
import type { Browser } from "./app-browser";
import { openPage } from "./app-browser";
import { madeApp, ManifestForge } from "./manifest-forge";
import type { Ran } from "./terminal";
import { Terminal } from "./terminal";

/** The fake reads the whole published description first. */
const slowStartMs = 30_000;

let terminal: Terminal;
let forge: ManifestForge;
beforeEach(async () => {
  terminal = new Terminal();
  forge = await new ManifestForge().start();
});
afterEach(async () => {
  await forge.stop();
  terminal.remove();
});

const files = (): string[] => readdirSync(terminal.cwd).sort();
const read = (name: string): string => readFileSync(join(terminal.cwd, name), "utf8");

interface Running extends Browser {
  readonly ran: Promise<Ran>;
}

async function openBrowser(...flags: readonly string[]): Promise<Running> {
  const ran = terminal.run("init", "--yes", "--github-url", forge.url, "--create-app", ...flags);
  return { ran, ...(await openPage(terminal)) };
}

async function leave({ ran }: Running): Promise<Ran> {
  terminal.pressCtrlC();
  return ran;
}

describe("init --create-app", () => {
  it("writes the key, the webhook secret and a valid file that names both, and says where to install the app", async () => {
    const { comeBack, state, ran } = await openBrowser("--github", "acme");
    const answer = await comeBack({ code: "a1b2", state });
    expect(answer.status).toBe(200);
    expect(await answer.text()).toContain(`${madeApp.html_url}/installations/new`);
    const { code, err } = await ran;
    expect(code).toBe(0);
    expect(forge.calls).toEqual(["POST /api/v3/app-manifests/a1b2/conversions"]);
    expect(files()).toEqual(["github-app-4711.pem", "github-app-4711.webhook-secret", "onejob.yaml"]);
    expect(read("github-app-4711.pem")).toBe(madeApp.pem);
    expect(read("github-app-4711.webhook-secret").trim()).toBe(madeApp.webhook_secret);
    expect(loadSettings(join(terminal.cwd, "onejob.yaml")).sources[1]).toMatchObject({
      url: forge.url,
      auth: { kind: "app", appId: 4711, privateKey: { file: join(terminal.cwd, "github-app-4711.pem") } },
      webhookSecrets: [{ file: join(terminal.cwd, "github-app-4711.webhook-secret") }],
      intake: "poll",
      trust: null,
    });
    expect(err).toContain(`install the app: ${madeApp.html_url}/installations/new`);
  });

  it("keeps both secrets from other users, and out of everything it says and writes besides", async () => {
    const { comeBack, state, ran } = await openBrowser("--github", "acme");
    const page = await (await comeBack({ code: "a1b2", state })).text();
    const { out, err } = await ran;
    for (const name of ["github-app-4711.pem", "github-app-4711.webhook-secret"])
      expect(statSync(join(terminal.cwd, name)).mode & 0o777).toBe(0o600);
    expect([page, out, err, read("onejob.yaml")].join("\n")).not.toContain("hunter2");
  });

  it("takes webhooks where it is told GitHub can reach us", async () => {
    const { manifest, comeBack, state, ran } = await openBrowser(
      ...["--github", "acme", "--webhook-url", "https://ci.example.org"],
    );
    const webhook = "https://ci.example.org/webhooks/gh";
    expect(manifest["hook_attributes"]).toEqual({ url: webhook, active: true });
    await comeBack({ code: "a1b2", state });
    expect((await ran).err).toContain(`let ${webhook} lead to this server`);
    expect(loadSettings(join(terminal.cwd, "onejob.yaml")).sources[1]).toMatchObject({ intake: "both" });
  });

  it("does without a webhook secret where GitHub gives none", async () => {
    forge.answers = [{ status: 201, body: { ...madeApp, webhook_secret: null } }];
    const { comeBack, state, ran } = await openBrowser("--github", "acme");
    await comeBack({ code: "a1b2", state });
    expect((await ran).code).toBe(0);
    expect(files()).toEqual(["github-app-4711.pem", "onejob.yaml"]);
  });

  it.each([
    [["acme"], { organization_self_hosted_runners: "write" }, ["/organizations/acme/settings/apps/new"]],
    [["acme/widgets"], { administration: "write" }, ["/organizations/acme/settings/apps/new", "/settings/apps/new"]],
    [
      ["Acme", "acme/widgets"],
      { administration: "write", organization_self_hosted_runners: "write" },
      ["/organizations/Acme/settings/apps/new"],
    ],
  ])("asks for %j no more rights than it takes, at the owner", async (scopes, rights, paths) => {
    const browser = await openBrowser(...scopes.flatMap((scope) => ["--github", scope]));
    const { manifest, actions, state } = browser;
    await leave(browser);
    expect(manifest).toEqual({
      name: `onejob-${scopes[0]?.split("/")[0]}`,
      url: `${forge.url}/${scopes[0]?.split("/")[0]}`,
      hook_attributes: { url: expect.stringContaining("https://example.com/") as string, active: false },
      redirect_url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/created$/) as string,
      public: false,
      default_permissions: { actions: "write", metadata: "read", ...rights },
      default_events: ["workflow_job", "workflow_run"],
    });
    expect(actions.map(({ pathname }) => pathname)).toEqual(paths);
    expect(actions.every((action) => action.origin === forge.url && action.searchParams.get("state") === state)).toBe(
      true,
    );
  });

  it.each([
    ["another state", (state: string) => ({ code: "a1b2", state: `${state.slice(1)}x` })],
    ["no state", () => ({ code: "a1b2" })],
    ["no code", (state: string) => ({ state })],
    ["an empty code", (state: string) => ({ code: "", state })],
  ])("takes no code that comes with %s, and goes on waiting", async (_, query) => {
    const browser = await openBrowser("--github", "acme");
    expect((await browser.comeBack(query(browser.state) as Record<string, string>)).status).toBe(400);
    expect(forge.calls).toEqual([]);
    expect((await browser.comeBack({ code: "a1b2", state: browser.state })).status).toBe(200);
    expect((await browser.ran).code).toBe(0);
  });

  it("shows its page to nobody who does not know its address", async () => {
    const browser = await openBrowser("--github", "acme");
    const { origin } = new URL(browser.pageUrl);
    const statuses = [];
    for (const path of ["/", "/favicon.ico", `/${"A".repeat(32)}`])
      statuses.push((await fetch(`${origin}${path}`)).status);
    expect(statuses).toEqual([404, 404, 404]);
    expect((await fetch(browser.pageUrl, { method: "POST" })).status).toBe(405);
    await leave(browser);
  });

  it.each([
    [404, { message: "Not Found" }],
    [422, { message: "Unprocessable" }],
    [307, ""],
    [201, "no JSON"],
    [201, { ...madeApp, pem: undefined }],
    [201, { ...madeApp, pem: "not a key" }],
    [201, { ...madeApp, id: "4711" }],
    [201, { ...madeApp, id: -1 }],
    [201, { ...madeApp, html_url: "javascript:alert(1)" }],
  ])("ends with a reason and writes nothing when GitHub answers the code with %d %j", async (status, body) => {
    forge.answers = [{ status, body }];
    const { comeBack, state, ran } = await openBrowser("--github", "acme");
    const answer = await comeBack({ code: "a1b2", state });
    expect(answer.status).toBe(502);
    const { code, err } = await ran;
    expect(code).toBe(1);
    expect(err).toContain("the source refused what was asked of it");
    expect(err).not.toContain("hunter2");
    expect(forge.calls).toHaveLength(1);
    expect(files()).toEqual([]);
  });

  it("lets the same code be tried again after GitHub was away", async () => {
    forge.answers = [
      { status: 503, body: "" },
      { status: 201, body: madeApp },
    ];
    const { comeBack, state, ran } = await openBrowser("--github", "acme");
    const first = await comeBack({ code: "a1b2", state });
    expect(first.status).toBe(502);
    expect(await first.text()).toContain("Reload this page");
    expect(files()).toEqual([]);
    expect((await comeBack({ code: "a1b2", state })).status).toBe(200);
    const { code, err } = await ran;
    expect(code).toBe(0);
    expect(err).toContain("answers 503; reload the page");
  });

  it("leaves nothing behind on Ctrl-C", async () => {
    const browser = await openBrowser("--github", "acme");
    const { code, err } = await leave(browser);
    expect(code).toBe(130);
    expect(err).toContain("nothing was written");
    expect(files()).toEqual([]);
    await expect(fetch(browser.pageUrl)).rejects.toThrow();
  });

  it("overwrites no key, and says what became of the app", async () => {
    writeFileSync(join(terminal.cwd, "github-app-4711.pem"), "mine");
    const { comeBack, state, ran } = await openBrowser("--github", "acme");
    await comeBack({ code: "a1b2", state });
    const { code, err } = await ran;
    expect(code).toBe(2);
    expect(err).toContain("onejob-acme is made");
    expect(err).toContain("github-app-4711.pem cannot be written (EEXIST)");
    expect(read("github-app-4711.pem")).toBe("mine");
    expect(files()).toEqual(["github-app-4711.pem"]);
  });

  it("keeps the key when somebody else wrote the config file meanwhile", async () => {
    const { comeBack, state, ran } = await openBrowser("--github", "acme");
    writeFileSync(join(terminal.cwd, "onejob.yaml"), "mine");
    await comeBack({ code: "a1b2", state });
    const { code, err } = await ran;
    expect(code).toBe(2);
    expect(err).toContain("wrote");
    expect(read("onejob.yaml")).toBe("mine");
    expect(read("github-app-4711.pem")).toBe(madeApp.pem);
  });

  it(
    "goes all the way with a GitHub: its form takes the manifest, its code gives the app",
    async () => {
      const github = await new FakeGitHub({ random: seededRandom(1) }).start();
      const flags = ["--create-app", "--github", "acme", "--github-url", github.url];
      const ran = terminal.run("init", "--yes", ...flags);
      const { manifest, actions } = await openPage(terminal);
      const form = new URLSearchParams({ manifest: JSON.stringify(manifest) });
      // The button: GitHub makes the app, and sends the browser back to us.
      const answer = await fetch(actions[0] ?? "", { method: "POST", body: form });
      expect(answer.status).toBe(200);
      expect((await ran).code).toBe(0);
      expect(files()).toContain("onejob.yaml");
      await github.stop();
    },
    slowStartMs,
  );

  it("says that its port is taken, before anybody is sent to GitHub", async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const address = other.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const flags = ["init", "--yes", "--github", "acme", "--create-app", "--port", String(port)];
    const { code, err } = await terminal.run(...flags);
    await new Promise((resolve) => other.close(resolve));
    expect(code).toBe(74);
    expect(err).toContain(`127.0.0.1:${port}`);
    expect(err).toContain("--port");
  });

  it("tells the page's address even with --quiet", async () => {
    const browser = await openBrowser("--github", "acme", "--quiet");
    expect(browser.pageUrl).toContain("http://127.0.0.1:");
    await leave(browser);
  });

  it("waits no longer than it says", async () => {
    const never = createApp({
      wish: { url: forge.url, scopes: ["acme"], webhookUrl: null },
      apiUrl: `${forge.url}/api/v3`,
      port: 0,
      announce: () => undefined,
      say: () => undefined,
      keep: () => undefined,
      signal: new AbortController().signal,
      waitMs: 1,
    });
    await expect(never).rejects.toThrow("nothing was written");
  });
});
