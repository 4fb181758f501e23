import { someProfile, someSettings } from "../../fixtures/records";
import { closeAll, startWorld } from "./http-world";

afterEach(closeAll);

const encoded = (key: string) => encodeURIComponent(key);

describe("GET /api/v1/jobs", () => {
  it("lists jobs with every field of the interface", async () => {
    const server = await startWorld();
    await server.submit({ command: ["make", "test"], name: "the tests" });
    const { items, nextCursor } = (await server.ask("/api/v1/jobs")).json<{ items: object[]; nextCursor: null }>();
    expect(nextCursor).toBeNull();
    expect(items).toHaveLength(1);
    expect(Object.keys(items[0] ?? {}).sort()).toEqual(
      [
        ...["key", "id", "source", "host", "scope", "name", "labels", "profile", "state", "reason", "exitCode"],
        ...["attempt", "runner", "createdAt", "queuedAt", "startedAt", "finishedAt", "url"],
      ].sort(),
    );
    expect(items[0]).toMatchObject({
      source: "api",
      host: "local",
      name: "the tests",
      state: "queued",
      exitCode: null,
    });
  });

  it("goes page by page and meets every job once", async () => {
    const server = await startWorld();
    const keys: string[] = [];
    for (let n = 0; n < 5; n += 1) keys.push((await server.submit()).key);
    const seen: string[] = [];
    let cursor: string | null = "";
    while (cursor !== null) {
      const from: string = cursor === "" ? "" : `&cursor=${encodeURIComponent(cursor)}`;
      const page = (await server.ask(`/api/v1/jobs?limit=2${from}`)).json<{
        items: { key: string }[];
        nextCursor: string | null;
      }>();
      expect(page.items.length).toBeLessThanOrEqual(2);
      seen.push(...page.items.map(({ key }) => key));
      cursor = page.nextCursor;
    }
    expect(seen).toEqual([...keys].reverse());
  });

  it("keeps to the state, source and profile asked for", async () => {
    const server = await startWorld();
    const { key } = await server.submit();
    await server.submit();
    await server.ask(`/api/v1/jobs/${encoded(key)}/cancel`, { method: "POST" });
    const keys = async (query: string) =>
      (await server.ask(`/api/v1/jobs?${query}`)).json<{ items: { key: string }[] }>().items.map((job) => job.key);
    expect(await keys("state=cancelled")).toEqual([key]);
    expect(await keys("state=queued&source=api&profile=small")).toHaveLength(1);
    expect(await keys("source=other")).toEqual([]);
    expect(await keys("profile=other")).toEqual([]);
  });

  it.each([
    ["limit=0"],
    ["limit=501"],
    ["limit=x"],
    ["state=busy"],
    ["state=queued&state=failed"],
    ["cursor=nonsense"],
  ])("refuses the query %s with 400", async (query) => {
    const server = await startWorld();
    const answer = await server.ask(`/api/v1/jobs?${query}`);
    expect([answer.status, answer.code]).toEqual([400, "bad-request"]);
  });

  it("names the field that is wrong", async () => {
    const server = await startWorld();
    const answer = await server.ask("/api/v1/jobs?limit=501");
    expect(answer.json()).toMatchObject({
      error: { details: [{ path: "querystring.limit", what: "must be <= 500" }] },
    });
  });

  it("shows why a waiting job waits, as its planner knows it", async () => {
    const server = await startWorld({ settings: someSettings([someProfile({ limits: { maxRunners: 1 } })]) });
    await server.submit();
    const { key } = await server.submit();
    await server.pump();
    const reasons = (await server.ask("/api/v1/jobs")).json<{ items: { reason: string | null }[] }>().items;
    expect(reasons.map(({ reason }) => reason)).toEqual(["at-profile-cap", null]);
    expect((await server.ask(`/api/v1/jobs/${encoded(key)}`)).json()).toMatchObject({ reason: "at-profile-cap" });
  });
});

describe("GET /api/v1/jobs/{job}", () => {
  it("finds a job by key, id, and unique beginning of its id", async () => {
    const server = await startWorld();
    const { key, id } = await server.submit();
    for (const reference of [key, id, id.slice(0, 26)]) {
      expect((await server.ask(`/api/v1/jobs/${encoded(reference)}`)).json()).toMatchObject({ key });
    }
  });

  it("answers 404 for an unknown job and 409 for an ambiguous beginning", async () => {
    const server = await startWorld();
    const { id } = await server.submit();
    await server.submit();
    const unknown = await server.ask("/api/v1/jobs/01ZZZZZZZZ");
    const ambiguous = await server.ask(`/api/v1/jobs/${id.slice(0, 8)}`);
    expect([unknown.status, unknown.code]).toEqual([404, "not-found"]);
    expect([ambiguous.status, ambiguous.code]).toEqual([409, "ambiguous-job"]);
  });

  it.each([["timeline"], ["why"], ["logs"]])("answers 404 for the %s of an unknown job", async (part) => {
    const server = await startWorld();
    expect((await server.ask(`/api/v1/jobs/01ZZZZZZZZ/${part}`)).status).toBe(404);
  });
});

describe("timeline and why", () => {
  it("shows the stages in order, with RFC 3339 times", async () => {
    const server = await startWorld();
    const { key } = await server.submit();
    const { items } = (await server.ask(`/api/v1/jobs/${encoded(key)}/timeline`)).json<{
      items: { at: string; stage: string }[];
    }>();
    expect(items.map(({ stage }) => stage)).toEqual(["created", "received", "admitted"]);
    expect(items[0]?.at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  });

  it("says what holds a waiting job, and what to do", async () => {
    const server = await startWorld({ settings: someSettings([someProfile({ limits: { maxRunners: 1 } })]) });
    await server.submit();
    const { key } = await server.submit();
    await server.pump();
    const why = (await server.ask(`/api/v1/jobs/${encoded(key)}/why`)).json<{ stages: unknown[] }>();
    expect(why).toMatchObject({
      waiting: true,
      reason: "at-profile-cap",
      what: expect.any(String),
      fix: expect.any(String),
    });
    expect(why.stages[0]).toEqual({ stage: "created", ms: expect.any(Number) });
  });
});

describe("cancel and rerun", () => {
  it("cancels a queued job with 202, and the second time leaves it as it is", async () => {
    const server = await startWorld();
    const { key } = await server.submit();
    for (let n = 0; n < 2; n += 1) {
      const answer = await server.ask(`/api/v1/jobs/${encoded(key)}/cancel`, { method: "POST" });
      expect(answer.status).toBe(202);
      expect(answer.json()).toMatchObject({ key, state: "cancelled", reason: "cancelled-by-user" });
    }
  });

  it("runs an ended job again as a new one with 201, and refuses one that has not ended with 409", async () => {
    const server = await startWorld();
    const { key } = await server.submit({ command: ["make"], retries: 2 });
    const early = await server.ask(`/api/v1/jobs/${encoded(key)}/rerun`, { method: "POST" });
    expect([early.status, early.code]).toEqual([409, "not-final"]);
    await server.ask(`/api/v1/jobs/${encoded(key)}/cancel`, { method: "POST" });
    const again = await server.ask(`/api/v1/jobs/${encoded(key)}/rerun`, { method: "POST" });
    expect(again.status).toBe(201);
    const made = again.json<{ key: string; state: string }>();
    expect(made.key).not.toBe(key);
    expect(made.state).toBe("queued");
    expect(again.headers.location).toBe(`/api/v1/jobs/${encoded(made.key)}`);
    expect((await server.world.job(made.key)).work?.command).toEqual(["make"]);
  });

  it("runs nothing again while the server goes down", async () => {
    const server = await startWorld();
    const { key } = await server.submit();
    await server.ask(`/api/v1/jobs/${encoded(key)}/cancel`, { method: "POST" });
    server.accepting = false;
    expect((await server.ask(`/api/v1/jobs/${encoded(key)}/rerun`, { method: "POST" })).code).toBe("not-accepting");
  });
});
