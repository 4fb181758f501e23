import { FakeGitHub, ManualTime } from ".";
import { ask } from "./rest-client";

const runners = "GET /repos/acme/widgets/actions/runners";
const register = "POST /repos/acme/widgets/actions/runners/registration-token";
const time = new ManualTime();
let fake: FakeGitHub;
let token: string;

async function start(options: ConstructorParameters<typeof FakeGitHub>[0]) {
  fake = await new FakeGitHub({ time, ...options }).start();
  fake.addRepository("acme/widgets");
  token = fake.addToken({ kind: "classic", scopes: ["repo", "admin:org"] });
}
afterEach(() => fake.stop());

const limitHeaders = (headers: Headers) =>
  Object.fromEntries(["limit", "remaining", "used"].map((name) => [name, headers.get(`x-ratelimit-${name}`)]));

describe("the primary limit", () => {
  it.each([403, 429] as const)("refuses with %d when it is used up, until the hour is over", async (status) => {
    await start({ primaryLimit: 2, primaryLimitStatus: status });
    const first = await ask(fake, runners, { token });
    expect(limitHeaders(first.headers)).toEqual({ limit: "2", remaining: "1", used: "1" });
    await ask(fake, runners, { token });
    const refused = await ask(fake, runners, { token });
    expect(refused).toMatchObject({
      status,
      body: { message: expect.stringContaining("API rate limit exceeded") as string },
    });
    expect(limitHeaders(refused.headers)).toMatchObject({ remaining: "0" });
    const resetMs = Number(refused.headers.get("x-ratelimit-reset")) * 1000;
    expect(resetMs - time.now()).toBeGreaterThan(0);
    time.advance(resetMs - time.now());
    expect(await ask(fake, runners, { token })).toMatchObject({ status: 200 });
  });

  it("is another one for every identity", async () => {
    await start({ primaryLimit: 1 });
    await ask(fake, runners, { token });
    expect(await ask(fake, "GET /meta")).toMatchObject({ status: 200 });
    expect(await ask(fake, "GET /meta", { token })).toMatchObject({ status: 403 });
  });

  it("does not exist on Enterprise Server", async () => {
    await start({ installedVersion: "3.17.0" });
    const { headers } = await ask(fake, runners, { token });
    expect(headers.get("x-ratelimit-limit")).toBeNull();
  });
});

describe("the secondary limit", () => {
  it("counts one point for reading and five for changing, and says how long to wait", async () => {
    await start({ secondaryLimit: 11 });
    expect(await ask(fake, register, { token })).toMatchObject({ status: 201 });
    expect(await ask(fake, runners, { token })).toMatchObject({ status: 200 });
    expect(await ask(fake, register, { token })).toMatchObject({ status: 201 });
    const refused = await ask(fake, runners, { token });
    expect(refused).toMatchObject({
      status: 403,
      body: { message: expect.stringContaining("secondary rate limit") as string },
    });
    const waitMs = Number(refused.headers.get("retry-after")) * 1000;
    expect(waitMs).toBeGreaterThan(0);
    time.advance(waitMs);
    expect(await ask(fake, runners, { token })).toMatchObject({ status: 200 });
  });
});

describe("a conditional request", () => {
  it("is answered with 304 and not counted while nothing changed", async () => {
    await start({ primaryLimit: 100 });
    const first = await ask(fake, runners, { token });
    const headers = { "if-none-match": first.headers.get("etag") ?? "" };
    const again = await ask(fake, runners, { token, headers });
    expect(again).toMatchObject({ status: 304, text: "" });
    expect(limitHeaders(again.headers)).toMatchObject({ used: "1" });
    expect(fake.calls.perJob(1)).toContain("1 for 1 jobs (1.00 per job), and 1 answered with 304");
  });

  it("is answered in full after a change", async () => {
    await start({});
    const runs = "GET /repos/acme/widgets/actions/runs?status=queued";
    const { headers } = await ask(fake, runs, { token });
    fake.queueJob("acme/widgets");
    const condition = { "if-none-match": headers.get("etag") ?? "" };
    expect(await ask(fake, runs, { token, headers: condition })).toMatchObject({
      status: 200,
      body: { total_count: 1 },
    });
  });
});

describe("an injected failure", () => {
  it("meets the call it is for, as often as it should", async () => {
    await start({});
    fake.inject({ on: "GET /repos/{owner}/{repo}/actions/runners", status: 502, times: 2 });
    expect(await ask(fake, register, { token })).toMatchObject({ status: 201 });
    const statuses = [];
    for (let turn = 0; turn < 3; turn += 1) statuses.push((await ask(fake, runners, { token })).status);
    expect(statuses).toEqual([502, 502, 200]);
    expect(fake.calls.all.map(({ status }) => status)).toEqual([201, 502, 502, 200]);
  });

  it("can break the connection before anything happened, or after it", async () => {
    await start({});
    const jit = "POST /repos/{owner}/{repo}/actions/runners/generate-jitconfig";
    const register = (name: string) =>
      ask(fake, "POST /repos/acme/widgets/actions/runners/generate-jitconfig", {
        token,
        body: { name, runner_group_id: 1, labels: ["self-hosted"] },
      });
    fake.inject({ on: jit });
    await expect(register("before")).rejects.toThrow();
    fake.inject({ on: jit, afterwards: true });
    await expect(register("after")).rejects.toThrow();
    expect(fake.runners.map(({ name }) => name)).toEqual(["after"]);
    expect(await register("after")).toMatchObject({ status: 409 });
  });
});

describe("the log of calls", () => {
  it("counts by published path and keeps who called", async () => {
    await start({});
    fake.addRepository("acme/gadgets");
    await ask(fake, runners, { token });
    await ask(fake, "GET /repos/acme/gadgets/actions/runners?per_page=5", { token });
    await ask(fake, "GET /nothing", { token: "wrong" });
    expect(fake.calls.count("GET /repos/{owner}/{repo}/actions/runners")).toBe(2);
    expect(fake.calls.all.map(({ path, query, status, auth }) => [path, query, status, auth])).toEqual([
      ["/repos/acme/widgets/actions/runners", "", 200, "personal"],
      ["/repos/acme/gadgets/actions/runners", "?per_page=5", 200, "personal"],
      ["/nothing", "", 401, "refused"],
    ]);
  });
});
