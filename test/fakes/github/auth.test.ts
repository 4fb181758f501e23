import { FakeGitHub, ManualTime } from ".";
import { appJwt, ask, installationToken, signJwt } from "./rest-client";

let fake: FakeGitHub;
const time = new ManualTime();
const seconds = () => Math.floor(time.now() / 1000);

beforeEach(async () => {
  fake = await new FakeGitHub({ time }).start();
  fake.addRepository("acme/widgets");
});
afterEach(() => fake.stop());

describe("the assertion of an app", () => {
  const good = () => ({ iat: seconds() - 60, exp: seconds() + 600 });
  const refused = [
    {
      fault: "has expired",
      claims: () => ({ ...good(), exp: seconds() - 1 }),
      status: 401,
      says: "must be a numeric value",
    },
    {
      fault: "ends more than ten minutes ahead",
      claims: () => ({ ...good(), exp: seconds() + 602 }),
      status: 401,
      says: "too far in the future",
    },
    {
      fault: "was made in the future",
      claims: () => ({ ...good(), iat: seconds() + 62 }),
      status: 401,
      says: "'Issued at' claim ('iat')",
    },
    { fault: "has no end", claims: () => ({ iat: seconds() }), status: 401, says: "Missing 'expiration time'" },
    { fault: "names another app", claims: () => ({ ...good(), iss: 1 }), status: 404, says: "Integration not found" },
    {
      fault: "names no app",
      claims: () => ({ ...good(), iss: undefined }),
      status: 401,
      says: "Missing 'issuer' claim",
    },
  ];

  it.each(refused)("is refused when it $fault", async ({ claims, status, says }) => {
    const app = fake.addApp();
    fake.installApp(app, "acme");
    const token = signJwt(app.privateKey, { iss: app.id, ...claims() });
    const answer = await ask(fake, "GET /orgs/acme/installation", { token });
    expect(answer.status).toBe(status);
    expect(answer.body.message).toContain(says);
  });

  it("is refused when another key signed it", async () => {
    const app = fake.addApp();
    const other = fake.addApp({ name: "other" });
    const token = signJwt(other.privateKey, { iss: app.id, ...good() });
    expect(await ask(fake, "GET /orgs/acme/installation", { token })).toMatchObject({
      status: 401,
      body: { message: "A JSON web token could not be decoded" },
    });
  });

  it("is refused with another algorithm than RS256", async () => {
    const app = fake.addApp();
    const token = signJwt(app.privateKey, { iss: app.id, ...good() }, { alg: "none" });
    expect(await ask(fake, "GET /orgs/acme/installation", { token })).toMatchObject({ status: 401 });
  });

  it.each(["/orgs/acme/installation", "/repos/acme/widgets/installation"])(
    "finds its installation at %s",
    async (path) => {
      const app = fake.addApp();
      const { id } = fake.installApp(app, "acme");
      const byClientId = signJwt(app.privateKey, { iss: app.clientId, ...good() });
      for (const token of [appJwt(app, time.now()), byClientId]) {
        expect(await ask(fake, `GET ${path}`, { token })).toMatchObject({ status: 200, body: { id, app_id: app.id } });
      }
    },
  );

  it("lets a client with a wrong clock see the right time", async () => {
    const app = fake.addApp();
    fake.clockOffsetMs = -3_600_000;
    const answer = await ask(fake, "GET /orgs/acme/installation", { token: appJwt(app, time.now()) });
    expect(answer).toMatchObject({ status: 401 });
    const theirs = Date.parse(answer.headers.get("date") ?? "");
    fake.installApp(app, "acme");
    expect(await ask(fake, "GET /orgs/acme/installation", { token: appJwt(app, theirs) })).toMatchObject({
      status: 200,
    });
  });

  it("opens nothing but what apps may do themselves", async () => {
    const app = fake.addApp();
    const token = appJwt(app, time.now());
    expect(await ask(fake, "GET /repos/acme/widgets/actions/runners", { token })).toMatchObject({ status: 403 });
    expect(await ask(fake, "GET /installation/repositories", { token })).toMatchObject({ status: 403 });
  });
});

describe("the token of an installation", () => {
  const jit = "POST /repos/acme/widgets/actions/runners/generate-jitconfig";
  const body = { name: "one", runner_group_id: 1, labels: ["self-hosted"] };

  async function installed(spec: Parameters<FakeGitHub["addApp"]>[0] = {}, repositories?: readonly string[]) {
    const app = fake.addApp(spec);
    const installation = fake.installApp(app, "acme", repositories);
    const path = `POST /app/installations/${installation.id}/access_tokens`;
    const made = await ask(fake, path, { token: appJwt(app, time.now()) });
    return { app, installation, path, made, token: String(made.body.token) };
  }

  it("works for an hour", async () => {
    const { token, made } = await installed();
    expect(made).toMatchObject({ status: 201, body: { token: expect.stringMatching(/^ghs_\w{36}$/) as string } });
    expect(await ask(fake, jit, { token, body })).toMatchObject({ status: 201 });
    time.advance(3_600_000);
    expect(await ask(fake, jit, { token, body })).toMatchObject({ status: 401, body: { message: "Bad credentials" } });
  });

  it("ends when the test says so", async () => {
    const { token } = await installed();
    fake.expireTokens();
    expect(await ask(fake, jit, { token, body })).toMatchObject({ status: 401 });
  });

  it("ends with the installation, and none is made any more", async () => {
    const { token, app, installation, path } = await installed();
    fake.uninstallApp(installation);
    expect(await ask(fake, jit, { token, body })).toMatchObject({ status: 401 });
    expect(await ask(fake, path, { token: appJwt(app, time.now()) })).toMatchObject({ status: 404 });
    expect(await ask(fake, "GET /orgs/acme/installation", { token: appJwt(app, time.now()) })).toMatchObject({
      status: 404,
    });
  });

  it("rests while the installation is suspended", async () => {
    const { token, app, installation, path } = await installed();
    fake.suspendInstallation(installation);
    const message = "This installation has been suspended";
    expect(await ask(fake, jit, { token, body })).toMatchObject({ status: 403, body: { message } });
    expect(await ask(fake, path, { token: appJwt(app, time.now()) })).toMatchObject({ status: 403, body: { message } });
    fake.unsuspendInstallation(installation);
    expect(await ask(fake, jit, { token, body })).toMatchObject({ status: 201 });
  });

  it("may do only what the app may", async () => {
    const { token } = await installed({ permissions: { administration: "read", actions: "read" } });
    const message = "Resource not accessible by integration";
    const denied = await ask(fake, jit, { token, body });
    expect(denied).toMatchObject({ status: 403, body: { message } });
    expect(denied.headers.get("x-accepted-github-permissions")).toBe("administration=write");
    expect(await ask(fake, "GET /repos/acme/widgets/actions/runners", { token })).toMatchObject({ status: 200 });
    expect(await ask(fake, "GET /orgs/acme/actions/runners", { token })).toMatchObject({
      status: 403,
      body: { message },
    });
    fake.addOrganization("other");
    const org = await installed({ name: "org", permissions: { organization_self_hosted_runners: "read" } });
    expect(await ask(fake, "GET /orgs/acme/actions/runners", { token: org.token })).toMatchObject({ status: 200 });
    expect(await ask(fake, "GET /orgs/other/actions/runners", { token: org.token })).toMatchObject({ status: 403 });
    const job = fake.queueJob("acme/widgets", { hosted: true });
    const rerun = `POST /repos/acme/widgets/actions/jobs/${job.id}/rerun`;
    expect(await ask(fake, rerun, { token })).toMatchObject({ status: 403 });
  });

  it("sees no private repository that it was not installed on", async () => {
    fake.addRepository("acme/secrets");
    fake.addRepository("acme/open", { isPrivate: false });
    const { token } = await installed({}, ["acme/widgets"]);
    expect(await ask(fake, "GET /repos/acme/secrets/actions/runs", { token })).toMatchObject({ status: 404 });
    expect(await ask(fake, "GET /repos/acme/open/actions/runs", { token })).toMatchObject({ status: 200 });
    expect(await ask(fake, "GET /repos/acme/open/actions/runners", { token })).toMatchObject({ status: 403 });
    const { body: list } = await ask(fake, "GET /installation/repositories", { token });
    expect(list).toMatchObject({
      total_count: 1,
      repository_selection: "selected",
      repositories: [{ full_name: "acme/widgets" }],
    });
  });

  it("can be narrowed, but not widened", async () => {
    const { app, path } = await installed({ permissions: { administration: "write" } });
    const asked = (wish: unknown) => ask(fake, path, { token: appJwt(app, time.now()), body: wish });
    expect(await asked({ permissions: { actions: "write" } })).toMatchObject({ status: 422 });
    expect(await asked({ repositories: ["unknown"] })).toMatchObject({ status: 422 });
    const { status, body: made } = await asked({ repositories: ["widgets"], permissions: { administration: "read" } });
    expect({ status, made }).toMatchObject({ status: 201, made: { repositories: [{ full_name: "acme/widgets" }] } });
    expect(await ask(fake, jit, { token: String(made.token), body })).toMatchObject({ status: 403 });
  });

  it("may be of the long new kind", async () => {
    const other = await new FakeGitHub({ installationTokens: "stateless" }).start();
    other.addRepository("acme/widgets");
    const app = other.addApp();
    const token = await installationToken(other, { app, id: other.installApp(app, "acme").id });
    expect(token).toMatch(/^ghs_\d+_\w+\.\w+\.\w+$/);
    expect(await ask(other, jit, { token, body })).toMatchObject({ status: 201 });
    await other.stop();
  });
});

describe("a personal token", () => {
  const runners = "GET /repos/acme/widgets/actions/runners";
  const orgRunners = "GET /orgs/acme/actions/runners";
  const table = [
    { spec: { kind: "classic", scopes: ["repo"] }, call: runners, status: 200 },
    { spec: { kind: "classic", scopes: ["repo"] }, call: orgRunners, status: 403 },
    { spec: { kind: "classic", scopes: ["admin:org"] }, call: orgRunners, status: 200 },
    { spec: { kind: "classic", scopes: ["admin:org"] }, call: runners, status: 404 },
    { spec: { kind: "classic", scopes: ["repo"], admin: false }, call: runners, status: 403 },
    {
      spec: { kind: "classic", scopes: ["repo"], admin: false },
      call: "GET /repos/acme/widgets/actions/runs",
      status: 200,
    },
    { spec: { kind: "fine-grained", permissions: { administration: "read" } }, call: runners, status: 200 },
    { spec: { kind: "fine-grained", permissions: { actions: "read" } }, call: runners, status: 403 },
    {
      spec: { kind: "fine-grained", permissions: { administration: "read" }, resources: ["acme/other"] },
      call: runners,
      status: 404,
    },
  ] as const;

  it.each(table)("$spec.kind, $call: $status", async ({ spec, call, status }) => {
    expect(await ask(fake, call, { token: fake.addToken(spec) })).toMatchObject({ status });
  });

  it("ends when the test says so", async () => {
    const token = fake.addToken({ kind: "classic", scopes: ["repo"] });
    fake.expireTokens(token);
    expect(await ask(fake, runners, { token })).toMatchObject({ status: 401, body: { message: "Bad credentials" } });
  });
});

describe("a stranger", () => {
  it.each([
    ["GET /meta", 200],
    ["GET /repos/acme/widgets/actions/runs", 404],
    ["GET /orgs/acme/actions/runners", 401],
    ["GET /app/hook/deliveries", 401],
  ])("gets for %s the answer %d", async (call, status) => {
    expect(await ask(fake, call)).toMatchObject({ status });
  });

  it("is sent away without a user agent", async () => {
    const { status } = await ask(fake, "GET /meta", { headers: { "user-agent": "" } });
    expect(status).toBe(403);
  });

  it.each([
    "GET /user",
    "GET /rate_limit",
    "POST /meta",
    "GET /app",
    "GET /app/hook/deliveries/1",
    "PATCH /app/hook/config",
  ])("finds nothing at %s", async (call) => {
    const { status, body } = await ask(fake, call);
    expect(status).toBe(404);
    expect(body).toEqual({ message: "Not Found", documentation_url: "https://docs.github.com/rest", status: "404" });
  });
});
