import { FakeGitHub, ManualTime } from ".";
import { BareListener } from ".";
import { ask, jitConfig } from "./rest-client";

const time = new ManualTime();
let fake: FakeGitHub;
let token: string;

async function start(options: ConstructorParameters<typeof FakeGitHub>[0] = {}) {
  fake = await new FakeGitHub({ time, ...options }).start();
  fake.addRepository("acme/widgets");
  token = fake.addToken({ kind: "classic", scopes: ["repo", "admin:org"] });
}
afterEach(() => fake.stop());

const repo = "/repos/acme/widgets/actions/runners";
const org = "/orgs/acme/actions/runners";

function register(prefix: string, body: object) {
  const full = { name: "one", runner_group_id: 1, labels: ["self-hosted", "Linux"], ...body };
  return ask(fake, `POST ${prefix}/generate-jitconfig`, { token, body: full });
}

describe("a JIT registration", () => {
  it("answers the runner and a configuration in the form of the real one", async () => {
    await start();
    const { status, body } = await register(repo, {});
    expect(status).toBe(201);
    expect(body.runner).toEqual({
      id: expect.any(Number) as number,
      name: "one",
      os: "unknown",
      status: "offline",
      busy: false,
      ephemeral: true,
      runner_group_id: 1,
      labels: [
        { id: 5, name: "self-hosted", type: "read-only" },
        { id: 6, name: "Linux", type: "read-only" },
      ],
    });
    const decode = (text: unknown) =>
      JSON.parse(Buffer.from(String(text), "base64").toString()) as Record<string, string>;
    const files = decode(body.encoded_jit_config);
    expect(Object.keys(files)).toEqual([".runner", ".credentials", ".credentials_rsaparams"]);
    expect(decode(files[".runner"])).toMatchObject({ AgentName: "one", WorkFolder: "_work", Ephemeral: "True" });
  });

  const refused = [
    { wrong: "a name longer than 64", body: { name: "x".repeat(65) }, status: 422 },
    { wrong: "an empty name", body: { name: "" }, status: 422 },
    { wrong: "no name", body: { name: undefined }, status: 422 },
    { wrong: "no labels", body: { labels: [] }, status: 422 },
    { wrong: "101 labels", body: { labels: Array.from({ length: 101 }, (_, index) => `l${index}`) }, status: 422 },
    { wrong: "a label that is no text", body: { labels: [7] }, status: 422 },
    { wrong: "no group", body: { runner_group_id: undefined }, status: 422 },
    { wrong: "a group that is no number", body: { runner_group_id: "Default" }, status: 422 },
  ];
  it.each(refused)("is refused with $wrong", async ({ body, status }) => {
    await start();
    for (const prefix of [repo, org]) expect(await register(prefix, body)).toMatchObject({ status });
    expect(fake.runners).toEqual([]);
  });

  it("takes a name of 64 and 100 labels", async () => {
    await start();
    const labels = Array.from({ length: 100 }, (_, index) => `l${index}`);
    expect(await register(repo, { name: "x".repeat(64), labels })).toMatchObject({ status: 201 });
  });

  it("is refused with the name of another runner there, case aside, until that one is gone", async () => {
    await start();
    const first = await register(repo, {});
    expect(await register(repo, { name: "ONE" })).toMatchObject({
      status: 409,
      body: { message: "Already exists - A runner with the name ONE already exists." },
    });
    expect(await register(org, {})).toMatchObject({ status: 201 });
    const { id } = first.body.runner as { id: number };
    expect(await ask(fake, `DELETE ${repo}/${id}`, { token })).toMatchObject({ status: 204, text: "" });
    expect(await register(repo, {})).toMatchObject({ status: 201 });
  });

  it("knows the groups of an organisation, and only the default one for a repository", async () => {
    await start();
    const group = fake.addRunnerGroup("acme", "Fast");
    expect(await register(org, { runner_group_id: group.id })).toMatchObject({ status: 201 });
    expect(await register(org, { name: "two", runner_group_id: 4711 })).toMatchObject({ status: 404 });
    expect(await register(repo, { runner_group_id: group.id })).toMatchObject({ status: 422 });
    const { body } = await ask(fake, "GET /orgs/acme/actions/runner-groups", { token });
    expect(body).toMatchObject({
      total_count: 2,
      runner_groups: [
        { id: 1, name: "Default" },
        { id: group.id, name: "Fast" },
      ],
    });
  });

  it("is forgotten when nobody connects with it for a day", async () => {
    await start();
    await register(repo, {});
    time.advance(86_399_999);
    expect(fake.runners).toHaveLength(1);
    time.advance(1);
    expect(fake.runners).toEqual([]);
  });

  it.each([
    ["3.9.1", 404, 201],
    ["3.10.0", 201, 201],
    ["3.17.2", 201, 201],
  ])("on Enterprise Server %s gives %d, a registration token %d", async (installedVersion, jit, registration) => {
    await start({ installedVersion });
    expect(await ask(fake, "GET /meta")).toMatchObject({ body: { installed_version: installedVersion } });
    expect(await register(repo, {})).toMatchObject({ status: jit });
    expect(await ask(fake, `POST ${org}/registration-token`, { token })).toMatchObject({ status: registration });
  });
});

describe("the list of runners", () => {
  it("comes in pages with links, and finds one by its name", async () => {
    await start();
    for (const name of ["a", "b", "c"]) await register(repo, { name });
    const first = await ask(fake, `GET ${repo}?per_page=2`, { token });
    expect(first.body).toMatchObject({ total_count: 3, runners: [{ name: "a" }, { name: "b" }] });
    expect(first.headers.get("link")).toContain(`<${fake.apiUrl}${repo}?per_page=2&page=2>; rel="next"`);
    const last = await ask(fake, `GET ${repo}?per_page=2&page=2`, { token });
    expect(last.body).toMatchObject({ total_count: 3, runners: [{ name: "c" }] });
    expect(last.headers.get("link")).not.toContain('rel="next"');
    const named = await ask(fake, `GET ${repo}?name=b`, { token });
    expect(named.body).toMatchObject({ total_count: 1, runners: [{ name: "b" }] });
  });
});

describe("a runner with a job", () => {
  async function busy(options: ConstructorParameters<typeof FakeGitHub>[0] = {}) {
    await start(options);
    const listener = await BareListener.connect(await jitConfig(fake, { token, name: "one" }));
    const job = fake.queueJob("acme/widgets");
    const [runner] = fake.runners;
    if (runner === undefined) throw new Error("it is registered");
    return { listener, job, runner, path: `${repo}/${runner.id}` };
  }

  it("cannot be deleted, from its assignment on", async () => {
    const { listener, job, runner, path } = await busy();
    expect(await ask(fake, `DELETE ${path}`, { token })).toMatchObject({
      status: 422,
      body: { message: `Bad request - Runner "${runner.name}" is currently running a job and cannot be deleted.` },
    });
    await listener.take();
    expect(await ask(fake, `DELETE ${path}`, { token })).toMatchObject({ status: 422 });
    expect(await ask(fake, `GET ${path}`, { token })).toMatchObject({
      body: { busy: true, status: "online", os: "linux" },
    });
    await listener.finish(job.id);
    expect(await ask(fake, `GET ${path}`, { token })).toMatchObject({ status: 404 });
    expect(await ask(fake, `DELETE ${path}`, { token })).toMatchObject({ status: 404 });
  });

  it("may be shown idle for a while, and still cannot be deleted", async () => {
    const { path } = await busy({ flagLagMs: 30_000 });
    expect(await ask(fake, `GET ${path}`, { token })).toMatchObject({ body: { busy: false } });
    expect(await ask(fake, `DELETE ${path}`, { token })).toMatchObject({ status: 422 });
    time.advance(30_000);
    expect(await ask(fake, `GET ${path}`, { token })).toMatchObject({ body: { busy: true } });
  });

  it("may linger after its job, and still cannot be deleted", async () => {
    const { listener, path } = await busy({ lingerMs: 20_000 });
    await listener.finish(await listener.take());
    expect(await ask(fake, `DELETE ${path}`, { token })).toMatchObject({ status: 422 });
    expect(await register(repo, {})).toMatchObject({ status: 409 });
    time.advance(20_000);
    expect(await ask(fake, `DELETE ${path}`, { token })).toMatchObject({ status: 404 });
  });
});

describe("an idle runner that is deleted", () => {
  it("is signed out", async () => {
    await start();
    const listener = await BareListener.connect(await jitConfig(fake, { token, name: "one" }));
    const waiting = listener.poll();
    const [runner] = fake.runners;
    expect(await ask(fake, `DELETE ${repo}/${runner?.id}`, { token })).toMatchObject({ status: 204 });
    expect(await waiting).toMatchObject({ body: { type: "revoked" } });
    expect(await listener.poll()).toMatchObject({ status: 401 });
  });
});
