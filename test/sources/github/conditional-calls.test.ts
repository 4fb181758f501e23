import { openClient, type ApiCall, type GithubClient } from "../../../runtime/sources/github/client";
import { connect } from "../../../runtime/sources/github/connection";
import { tokenCredentials } from "../../../runtime/sources/github/credentials";
import { fields, list } from "../../../runtime/sources/github/shape";
import { Bench, byToken, errorOf } from "./source-bench";
import { no, ok, ScriptedGithub, scriptedGithub, type Asked } from "./scripted-github";

const path = "/repos/acme/widgets/actions/runners?per_page=100";
const call: ApiCall = { scope: "acme/widgets", right: "runners", path };
const route = "GET /repos/acme/widgets/actions/runners";
const items = (body: unknown) => list(fields(body, "the list")["items"], "items") as readonly number[];

const github = scriptedGithub();
let client: GithubClient;

beforeEach(() => {
  const connection = connect(new Bench(github.url).options);
  if (byToken.kind === "token") client = openClient(connection, tokenCredentials(connection, byToken));
});

/** As GitHub: 304 to who has it already. */
const tagged =
  (etag: string, body: unknown, headers: Readonly<Record<string, string>> = {}) =>
  (asked: Asked) =>
    asked.headers["if-none-match"] === etag ? { status: 304 } : ok(body, { etag, ...headers });

describe("a question whether something changed", () => {
  it("is answered from memory while it has not", async () => {
    github.on(route, tagged('"a"', { items: [1, 2] }));
    for (let poll = 0; poll < 3; poll += 1) expect((await client.ask(call, items)).value).toEqual([1, 2]);
    expect(github.asked.map(({ headers }) => headers["if-none-match"])).toEqual([undefined, '"a"', '"a"']);
  });

  it("is answered anew when it has", async () => {
    github.on(route, (asked, times) => tagged(times < 3 ? '"a"' : '"b"', { items: [times] })(asked));
    const answers = [];
    for (let poll = 0; poll < 4; poll += 1) answers.push((await client.ask(call, items)).value);
    expect(answers).toEqual([[1], [1], [3], [3]]);
  });

  it("is put without a condition to servers that give no tags", async () => {
    github.on(route, (_asked, times) => ok({ items: [times] }));
    expect((await client.ask(call, items)).value).toEqual([1]);
    expect((await client.ask(call, items)).value).toEqual([2]);
  });

  it("keeps apart who asks: two owners' answers come by one path", async () => {
    github.on(route, tagged('"a"', { items: [1] }));
    await client.ask(call, items);
    await client.ask({ ...call, scope: "other" }, items);
    expect(github.asked[1]?.headers["if-none-match"]).toBeUndefined();
  });

  it("does not take a 304 that nobody asked for", async () => {
    github.on(route, { status: 304 });
    expect((await client.ask(call, items)).value).toBeUndefined();
  });

  it("does not remember a refusal", async () => {
    github.on(route, (_asked, times) => (times === 1 ? no(404, "Not Found", { etag: '"x"' }) : ok({ items: [1] })));
    expect((await client.ask({ ...call, expect: [404] }, items)).value).toBeUndefined();
    expect((await client.ask(call, items)).value).toEqual([1]);
  });
});

describe("a list in pages", () => {
  const page = (number: number) => `GET /repos/acme/widgets/actions/runners?per_page=100&page=${number}`;
  const next = (number: number) => ({ link: `<https://elsewhere/x?per_page=100&page=${number}>; rel="next"` });

  it("is read to its end, by query alone: the token goes to no other server", async () => {
    github.on(route, ok({ items: [1] }, next(2)));
    github.on(page(2), ok({ items: [2] }, next(3)));
    github.on(page(3), ok({ items: [3] }));
    expect((await client.pages(call, items))?.items).toEqual([1, 2, 3]);
  });

  it("costs nothing where no page has changed", async () => {
    github.on(route, tagged('"1"', { items: [1] }, next(2)));
    github.on(page(2), tagged('"2"', { items: [2] }));
    await client.pages(call, items);
    expect((await client.pages(call, items))?.items).toEqual([1, 2]);
    expect(github.asked.slice(2).map(({ headers }) => headers["if-none-match"])).toEqual(['"1"', '"2"']);
  });

  it("ends where its next page is itself", async () => {
    github.on(route, ok({ items: [1] }, next(2)));
    github.on(page(2), ok({ items: [2] }, next(2)));
    expect((await client.pages(call, items))?.items).toEqual([1, 2]);
  });

  it("ends after a hundred pages, whatever the server says", async () => {
    github.on(route, (_asked, times) => ok({ items: [times] }, next(times + 1)));
    expect((await client.pages(call, items))?.items).toHaveLength(100);
  });

  it("is none when its first page is refused as expected, and fails when a later one is not", async () => {
    expect(await client.pages({ ...call, expect: [404] }, items)).toBeUndefined();
    github.on(route, ok({ items: [1] }, next(2)));
    github.on(page(2), no(502, "oops"));
    expect((await errorOf(client.pages(call, items))).code).toBe("source-unreachable");
  });
});

describe("a redirect", () => {
  const renamed = "/api/v3/repositories/5/actions/runners/generate-jitconfig";
  const post: ApiCall = {
    ...call,
    method: "POST",
    path: "/repos/acme/widgets/actions/runners/generate-jitconfig",
    body: { name: "onejob-a" },
  };

  it.each([301, 302, 307, 308])("of a renamed repository (%i) is followed as it was, not as a GET", async (status) => {
    github.on(`POST ${post.path}`, { status, headers: { location: `${github.url}${renamed}` } });
    github.on("POST /repositories/5/actions/runners/generate-jitconfig", { status: 201, body: { items: [1] } });
    expect((await client.call(post, items)).value).toEqual([1]);
    expect(github.asked[1]).toMatchObject({ method: "POST", body: '{"name":"onejob-a"}' });
    expect(github.asked[1]?.headers.authorization).toBe(github.asked[0]?.headers.authorization);
  });

  it("may be relative", async () => {
    github.on(`POST ${post.path}`, { status: 307, headers: { location: renamed } });
    github.on("POST /repositories/5/actions/runners/generate-jitconfig", { status: 201, body: { items: [1] } });
    expect((await client.call(post, items)).value).toEqual([1]);
  });

  it("to another server is refused, and the token does not follow", async () => {
    const other = await new ScriptedGithub().start();
    github.on(route, { status: 302, headers: { location: `${other.url}/steal` } });
    const error = await errorOf(client.call(call, items));
    expect([error.code, other.asked.length]).toEqual(["source-refused", 0]);
    expect(error.message).toContain(other.url);
    await other.stop();
  });

  it("in a circle ends", async () => {
    github.on(route, { status: 302, headers: { location: `/api/v3${path}` } });
    expect((await errorOf(client.call(call, items))).code).toBe("source-unreachable");
  });

  it.each(["http://[", "file:///etc/passwd"])("to %s is refused", async (location) => {
    github.on(route, { status: 302, headers: { location } });
    expect((await errorOf(client.call(call, items))).code).toBe("source-refused");
  });
});
