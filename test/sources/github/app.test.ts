import { createPublicKey, generateKeyPairSync, verify } from "node:crypto";
import type { ApiCall, GithubClient } from "../../../runtime/sources/github/client";
import { connect } from "../../../runtime/sources/github/connection";
import { openSpeakers } from "../../../runtime/sources/github/speakers";
import { Bench, byApp, errorOf, privateKey } from "./source-bench";
import { no, ok, scriptedGithub, type Asked, type ScriptedGithub } from "./scripted-github";

const hour = 3_600_000;
const call: ApiCall = { scope: "acme/widgets", right: "runners", path: "/repos/acme/widgets/actions/runners" };
const runners = "GET /repos/acme/widgets/actions/runners";
const lookUp = "GET /repos/acme/widgets/installation";
const tokens = (id: number) => `POST /app/installations/${id}/access_tokens`;

interface Claims {
  readonly iat: number;
  readonly exp: number;
  readonly iss: unknown;
}

function claimsOf({ headers }: Asked, key = privateKey): Claims {
  const [head = "", body = "", signature = ""] = (headers.authorization ?? "").replace(/^bearer /i, "").split(".");
  const signed = Buffer.from(`${head}.${body}`);
  if (!verify("RSA-SHA256", signed, createPublicKey(key), Buffer.from(signature, "base64url")))
    throw new Error("the app's token is not signed by this key");
  return JSON.parse(Buffer.from(body, "base64url").toString()) as Claims;
}

describe("a GitHub app", () => {
  const github = scriptedGithub();
  let bench: Bench;
  let client: GithubClient;

  /** Installation 9; every token lives an hour by GitHub's clock. */
  beforeEach(() => {
    open();
    github.on(lookUp, ok({ id: 9, permissions: {}, events: [], suspended_at: null }));
    github.on(tokens(9), (_asked, times) => made(`ghs_token_${times}`));
    github.on(runners, ok({ runners: [] }));
  });

  function open(scopes = ["acme/widgets"]): void {
    bench = new Bench(github.url, { auth: byApp, scopes });
    client = openSpeakers(connect(bench.options)).client;
  }
  const made = (token: string, livesMs = hour) => ({
    status: 201,
    body: { token, expires_at: new Date(github.now + livesMs).toISOString() },
  });
  const ask = () => client.call(call, () => undefined);
  /** Whom the last call was made as. */
  const lastToken = () => github.asked.at(-1)?.headers.authorization;

  it("looks its installation up once, gets one token for an hour, and then makes one call for each call", async () => {
    await ask();
    await ask();
    expect(github.calls).toEqual([lookUp, tokens(9), runners, runners]);
    expect(lastToken()).toBe("Bearer ghs_token_1");
  });

  it("signs with the key GitHub hands out, for at most ten minutes, from a little before now", async () => {
    await ask();
    const { iat, exp, iss } = claimsOf(github.asked[0] as Asked);
    expect(iss).toBe(4711);
    expect(exp - iat).toBeLessThanOrEqual(600);
    expect(iat).toBeLessThan(Date.now() / 1_000);
  });

  it("makes one token however many ask at the same moment", async () => {
    await Promise.all(Array.from({ length: 15 }, ask));
    expect([github.count(lookUp), github.count(tokens(9)), github.count(runners)]).toEqual([1, 1, 15]);
  });

  it("makes one new token when all of them find the old one refused", async () => {
    await ask();
    github.on(runners, ({ headers }) =>
      headers.authorization === "Bearer ghs_token_1" ? no(401, "Bad credentials") : ok({ runners: [] }),
    );
    await Promise.all(Array.from({ length: 15 }, ask));
    expect(github.count(tokens(9))).toBe(2);
  });

  it("renews five minutes before the end, not earlier", async () => {
    await ask();
    bench.now += hour - 5 * 60_000 - 1_000;
    await ask();
    expect(github.count(tokens(9))).toBe(1);
    bench.now += 2_000;
    await ask();
    expect([github.count(tokens(9)), lastToken()]).toEqual([2, "Bearer ghs_token_2"]);
  });

  it("uses a token that lives for two minutes only for one of them, instead of making one for each call", async () => {
    github.on(tokens(9), (_asked, times) => made(`ghs_token_${times}`, 120_000));
    await ask();
    bench.now += 59_000;
    await ask();
    expect(github.count(tokens(9))).toBe(1);
  });

  it.each([
    ["ahead", hour],
    ["behind", -hour],
  ])("keeps a token for its hour though GitHub's clock is an hour %s of ours", async (_case, difference) => {
    github.now += difference;
    await ask();
    bench.now += 50 * 60_000;
    await ask();
    expect(github.count(tokens(9))).toBe(1);
  });

  it("makes the token of the app again when it fails for our wrong clock, and says so once", async () => {
    // Octokit goes by the real clock, so GitHub's is the one that is set.
    const ahead = Date.now() + hour;
    const refusal = no(
      401,
      "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires",
    );
    const ifCurrent = (reply: Parameters<ScriptedGithub["on"]>[1]) => (asked: Asked, times: number) => {
      if (claimsOf(asked).exp * 1_000 <= ahead) return refusal;
      return typeof reply === "function" ? reply(asked, times) : reply;
    };
    github.now = ahead;
    github.on(lookUp, ifCurrent(ok({ id: 9 })));
    github.on(tokens(9), ifCurrent(made("ghs_token_1")));
    await ask();
    expect(github.calls).toEqual([lookUp, lookUp, tokens(9), tokens(9), runners]);
    expect(bench.lines.map(({ level }) => level)).toEqual(["warn"]);
  });

  it("serves several repositories of one installation with one token", async () => {
    open(["acme/widgets", "acme/gadgets"]);
    github.on("GET /repos/acme/gadgets/installation", ok({ id: 9 }));
    github.on("GET /repos/acme/gadgets/actions/runners", ok({}));
    await ask();
    await client.call({ ...call, scope: "acme/gadgets", path: "/repos/acme/gadgets/actions/runners" }, () => undefined);
    expect(github.count(tokens(9))).toBe(1);
  });

  it("that is installed nowhere is source-unreachable, and says where to install it", async () => {
    github.on(lookUp, no(404, "Not Found"));
    const error = await errorOf(ask());
    expect(error.code).toBe("source-unreachable");
    expect(error.message).toMatch(/app 4711 is not installed for "acme\/widgets".*install it there/);
  });

  it("that is suspended is source-unreachable, found out by whichever call", async () => {
    github.on(lookUp, ok({ id: 9, suspended_at: "2026-11-20T12:00:00Z" }));
    expect((await errorOf(ask())).message).toContain("suspended");
    github.on(lookUp, ok({ id: 9, suspended_at: null }));
    github.on(tokens(9), no(403, "This installation has been suspended"));
    expect((await errorOf(ask())).message).toContain("suspended");
    github.on(tokens(9), made("ghs_token"));
    github.on(runners, no(403, "This installation has been suspended"));
    const error = await errorOf(ask());
    expect([error.code, error.message.includes("suspended")]).toEqual(["source-unreachable", true]);
  });

  it("that was removed and installed anew goes on with the new installation at once", async () => {
    await ask();
    github.on(runners, ({ headers }) =>
      headers.authorization === "Bearer ghs_new" ? ok({}) : no(401, "Bad credentials"),
    );
    github.on(tokens(9), no(404, "Not Found"));
    github.on(tokens(10), made("ghs_new"));
    github.on(lookUp, ok({ id: 10 }));
    await ask();
    expect(lastToken()).toBe("Bearer ghs_new");
  });

  it("that was removed is source-unreachable, and works again once it is back", async () => {
    await ask();
    github.on(runners, no(401, "Bad credentials"));
    github.on(tokens(9), no(404, "Not Found"));
    github.on(lookUp, no(404, "Not Found"));
    expect((await errorOf(ask())).code).toBe("source-unreachable");
    github.on(runners, ok({}));
    github.on(lookUp, ok({ id: 10 }));
    github.on(tokens(10), made("ghs_new"));
    await ask();
  });

  it("whose look-up lags behind its removal ends, instead of turning in a circle", async () => {
    github.on(tokens(9), no(404, "Not Found"));
    expect((await errorOf(ask())).code).toBe("source-unreachable");
    expect(github.count(tokens(9))).toBe(2);
  });

  it("whose new token is not known everywhere yet is source-unreachable: no setting is wrong", async () => {
    github.on(runners, no(401, "Bad credentials"));
    expect((await errorOf(ask())).code).toBe("source-unreachable");
    expect(github.count(tokens(9))).toBe(2);
  });

  it("with an id that does not exist is source-refused, and names the setting", async () => {
    github.on(lookUp, no(404, "Integration not found"));
    const error = await errorOf(ask());
    expect([error.code, error.message.includes("auth.appId")]).toEqual(["source-refused", true]);
  });

  it("with a key that is another app's is source-refused, and nothing of the key is shown", async () => {
    github.on(lookUp, no(401, "A JSON web token could not be decoded"));
    const error = await errorOf(ask());
    expect([error.code, error.message.includes("could not be decoded")]).toEqual(["source-refused", true]);
    expect(error.stack).not.toContain("PRIVATE KEY");
  });

  it("goes on with a rotated key, which is read again after a 401", async () => {
    const { privateKey: newer } = generateKeyPairSync("rsa", {
      modulusLength: 2048,
      publicKeyEncoding: { type: "spki", format: "pem" },
      privateKeyEncoding: { type: "pkcs8", format: "pem" },
    });
    await ask();
    bench.secrets.set("app.pem", newer);
    github.on(tokens(9), (asked, times) => {
      try {
        claimsOf(asked, newer);
      } catch {
        return no(401, "A JSON web token could not be decoded");
      }
      return made(`ghs_token_${times}`);
    });
    bench.now += hour;
    await ask();
    expect(lastToken()).toBe("Bearer ghs_token_3");
  });

  it.each(["", "not a key", "-----BEGIN RSA PRIVATE KEY-----\nc2VjcmV0IHRleHQ=\n-----END RSA PRIVATE KEY-----"])(
    "with %j for a key is source-refused, without a call and without showing it",
    async (key) => {
      bench.secrets.set("app.pem", key);
      const error = await errorOf(ask());
      expect([error.code, github.asked.length]).toEqual(["source-refused", 0]);
      expect(JSON.stringify([error.message, error.stack, String(error.cause)])).not.toContain("c2VjcmV0");
    },
  );

  it.each([
    ["an error of the server", no(502, "oops")],
    ["a broken connection", "drop" as const],
    ["no answer in time", "hang" as const],
    ["headers and then no end", "half" as const],
    ["no id", ok({})],
    ["HTML", { status: 200, text: "<html>", headers: { "content-type": "text/html" } }],
    ["a strange content type", { status: 200, text: "{}", headers: { "content-type": ";;;" } }],
  ])("whose look-up ends with %s is source-unreachable", async (_case, reply) => {
    github.on(lookUp, reply);
    expect((await errorOf(ask())).code).toBe("source-unreachable");
  });

  it("keeps to Retry-After of its own calls, apart from those of its installation", async () => {
    await ask();
    bench.now += hour;
    github.on(tokens(9), no(429, "slow down", { "retry-after": "60" }));
    const error = await errorOf(ask());
    expect([error.code, error.details]).toEqual(["source-throttled", { retryAt: bench.now + 60_000 }]);
    await errorOf(ask());
    expect(github.count(tokens(9))).toBe(2);
  });

  it("tries again after a token could not be made", async () => {
    github.on(tokens(9), (_asked, times) => (times === 1 ? no(502, "oops") : made("ghs_second")));
    await errorOf(ask());
    await ask();
    expect(lastToken()).toBe("Bearer ghs_second");
  });
});
