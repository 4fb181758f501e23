import { openClient, type ApiCall, type GithubClient } from "../../../runtime/sources/github/client";
import { connect } from "../../../runtime/sources/github/connection";
import { tokenCredentials } from "../../../runtime/sources/github/credentials";
import { fields, list } from "../../../runtime/sources/github/shape";
import { Bench, errorOf, token } from "./source-bench";
import { no, ok, scriptedGithub, type Asked, type Reply } from "./scripted-github";

const path = "/repos/acme/widgets/actions/runs?status=queued";
const call: ApiCall = { scope: "acme/widgets", right: "read-jobs", path };
const route = "GET /repos/acme/widgets/actions/runs";
const items = (body: unknown) => list(fields(body, "the list")["items"], "items") as readonly number[];
const any = (body: unknown) => body;

describe("a call to GitHub", () => {
  const github = scriptedGithub();
  let bench: Bench;
  let client: GithubClient;

  beforeEach(() => {
    bench = new Bench(github.url);
    const connection = connect(bench.options);
    const { auth } = bench.settings;
    if (auth.kind !== "token") throw new Error("the bench uses a token");
    client = openClient(connection, tokenCredentials(connection, auth));
  });

  const errorFor = (reply: Reply) => {
    github.on(route, reply);
    return errorOf(client.call(call, any));
  };

  it("says who we are, which version of the API we mean, and nothing to the address", async () => {
    github.on(route, ok({}));
    await client.call(call, any);
    const { headers } = github.asked[0] as Asked;
    expect(headers).toMatchObject({
      authorization: `Bearer ${token}`,
      "user-agent": "onejob/1.2.3",
      "x-github-api-version": "2022-11-28",
      accept: "application/vnd.github+json",
    });
    expect(github.calls).toEqual([`GET ${path}`]);
  });

  it.each<[string, Reply]>([
    ["500", no(500, "oops")],
    ["502 in HTML", { status: 502, text: "<html>Bad gateway" }],
    ["503", no(503, "unavailable")],
    ["a broken connection", "drop"],
    ["no answer in time", "hang"],
    ["headers and then no end", "half"],
    ["no JSON", { status: 200, text: "<html>" }],
  ])("that ends with %s is source-unreachable, and names the server", async (_case, reply) => {
    const error = await errorFor(reply);
    expect(error.code).toBe("source-unreachable");
    expect(error.message).toContain("127.0.0.1");
  });

  it("to a server that is not there is source-unreachable", async () => {
    await github.stop();
    expect((await errorOf(client.call(call, any))).message).toContain("ECONNREFUSED");
    await github.start();
  });

  it("whose answer lacks what it must have is source-unreachable, and says what", async () => {
    github.on(route, ok({ nothing: true }));
    const error = await errorOf(client.call(call, items));
    expect([error.code, error.message.includes("items is not a list")]).toEqual(["source-unreachable", true]);
  });

  it.each([
    [403, "Resource not accessible by personal access token"],
    [404, "Not Found"],
    [422, "Validation Failed"],
  ])("that is answered %i is source-refused: which scope, what was asked, what to grant", async (status, words) => {
    const error = await errorFor(no(status, words));
    expect(error.code).toBe("source-refused");
    for (const part of ['"acme/widgets"', "GET /repos/acme/widgets/actions/runs", String(status), words, '"Actions"'])
      expect(error.message).toContain(part);
  });

  it("whose refusal is expected is a value", async () => {
    github.on(route, no(404, "Not Found"));
    const answer = await client.call({ ...call, expect: [404] }, any);
    expect([answer.status, answer.value]).toEqual([404, undefined]);
  });

  it("that is too fast for a moment is made again, for as long as it takes", async () => {
    github.on(route, (_asked, times) =>
      times < 3 ? no(429, "slow down", { "retry-after": "1" }) : ok({ items: [1] }),
    );
    expect((await client.call(call, items)).value).toEqual([1]);
    expect(bench.slept).toEqual([1_000, 1_000]);
  });

  it("that stays too fast is source-throttled in the end", async () => {
    const error = await errorFor(no(429, "slow down", { "retry-after": "1" }));
    expect([error.code, github.asked.length]).toEqual(["source-throttled", 3]);
  });

  it("after Retry-After is not made at all, nor any other with the same token, until the time is over", async () => {
    const error = await errorFor(no(403, "You have exceeded a secondary rate limit", { "retry-after": "60" }));
    expect([error.code, error.details]).toEqual(["source-throttled", { retryAt: bench.now + 60_000 }]);
    expect((await errorOf(client.call({ ...call, path: "/meta" }, any))).code).toBe("source-throttled");
    expect(github.asked).toHaveLength(1);
    bench.now += 60_000;
    github.on(route, ok({}));
    await client.call(call, any);
  });

  it("after the last of the primary limit is not made until its reset", async () => {
    const reset = String(bench.now / 1_000 + 600);
    const shown = { "x-ratelimit-limit": "60", "x-ratelimit-remaining": "0", "x-ratelimit-reset": reset };
    github.on(route, ok({}, shown));
    await client.call(call, any);
    const error = await errorOf(client.call(call, any));
    expect([error.code, error.details, github.asked.length]).toEqual([
      "source-throttled",
      { retryAt: bench.now + 600_000 },
      1,
    ]);
  });

  describe("with a token that is refused", () => {
    const newer = "ghp_newer0123456789abcdefABCDEF0123456789";
    const byToken = ({ headers }: Asked) =>
      headers.authorization === `Bearer ${newer}` ? ok({}) : no(401, "Bad credentials");

    it("reads it again and goes on with a rotated one", async () => {
      github.on(route, byToken);
      await errorOf(client.call(call, any));
      bench.secrets.set("GH_TOKEN", newer);
      await client.call(call, any);
      expect(github.asked.map(({ headers }) => headers.authorization)).toEqual([
        `Bearer ${token}`,
        `Bearer ${token}`,
        `Bearer ${newer}`,
      ]);
    });

    it("is source-refused when it is still the same, and asks only once each time", async () => {
      github.on(route, no(401, "Bad credentials"));
      const error = await errorOf(client.call(call, any));
      expect([error.code, github.asked.length]).toEqual(["source-refused", 1]);
      expect(error.message).toContain("Bad credentials");
    });

    it.each(["", " \n", "has a space", "ghp_ünicode", "two\nlines"])(
      "(%j) is not sent at all, and not shown",
      async (value) => {
        bench.secrets.set("GH_TOKEN", value);
        const error = await errorOf(client.call(call, any));
        expect([error.code, github.asked.length]).toEqual(["source-refused", 0]);
        expect(error.message).toContain("GH_TOKEN");
        if (value.trim() !== "") expect(error.message).not.toContain(value.trim());
      },
    );

    it("says where a token is looked for that is not there", async () => {
      bench.secrets.delete("GH_TOKEN");
      const error = await errorOf(client.call(call, any));
      expect([error.code, error.message.includes("GH_TOKEN")]).toEqual(["source-refused", true]);
    });
  });

  it.each([
    ["as it is", token],
    ["as an old one of hexadecimal digits", "0123456789abcdef0123456789abcdef01234567"],
    ["as an app's with dots", "ghs_eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiI0NzExIn0.c2lnbmF0dXJl"],
  ])("never shows the token (%s), even when the server repeats it", async (_case, value) => {
    bench.secrets.set("GH_TOKEN", value);
    github.on(route, no(403, `token ${value} may not`));
    const error = await errorOf(client.call(call, any));
    expect(JSON.stringify([error.message, error.toBody(), String(error.cause), bench.lines])).not.toContain(value);
    expect(error.message).toContain("may not");
  });

  it.each<Reply>(["drop", "hang"])("never shows the token when it ends with %s", async (reply) => {
    const error = await errorFor(reply);
    expect(JSON.stringify([error.message, String(error.cause), error.stack])).not.toContain(token);
  });
});
