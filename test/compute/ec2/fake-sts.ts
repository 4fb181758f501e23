/**
 * STS, as `fetch` sees it. It makes each signature again from what arrives and the secret it knows, so a proof passes
 * here only if it would pass there.
 */
import { createHash, createHmac } from "node:crypto";

export interface Session {
  readonly secret: string;
  readonly sessionToken: string;
  readonly account: string;
  readonly userId: string;
}

export interface FakeSts {
  readonly fetch: typeof fetch;
  /** Addresses that were asked. */
  readonly asked: string[];
  readonly sessions: Map<string, Session>;
  /** Answers this instead, once. */
  next: { readonly status: number; readonly body: string } | "no answer" | undefined;
}

export function fakeSts(): FakeSts {
  const asked: string[] = [];
  const sessions = new Map<string, Session>();
  const sts: FakeSts = {
    asked,
    sessions,
    next: undefined,
    fetch: (input, init) => {
      const url = new URL(input instanceof Request ? input.url : input);
      asked.push(url.href);
      const { next } = sts;
      sts.next = undefined;
      if (next === "no answer") return Promise.reject(new Error("connect ECONNREFUSED"));
      if (next !== undefined) return Promise.resolve(new Response(next.body, { status: next.status }));
      const headers = new Headers(init?.headers);
      headers.set("host", url.host);
      const body = typeof init?.body === "string" ? init.body : "";
      return Promise.resolve(judge({ method: init?.method ?? "GET", path: url.pathname, headers, body }, sessions));
    },
  };
  return sts;
}

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: Headers;
  readonly body: string;
}

function judge(asked: Asked, sessions: FakeSts["sessions"]): Response {
  const form = /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(.+), SignedHeaders=(.+), Signature=(.+)$/;
  const [, keyId = "", scope = "", signed = "", signature = ""] =
    form.exec(asked.headers.get("authorization") ?? "") ?? [];
  const session = sessions.get(keyId);
  if (session === undefined) return refused("InvalidClientTokenId");
  if (asked.headers.get("x-amz-security-token") !== session.sessionToken) return refused("InvalidClientTokenId");
  if (signature !== signatureOf(asked, { scope, signed, secret: session.secret }))
    return refused("SignatureDoesNotMatch");
  if (asked.body !== "Action=GetCallerIdentity&Version=2011-06-15") return refused("InvalidAction");
  const { account, userId } = session;
  const result = { Account: account, Arn: `arn:aws:sts::${account}:assumed-role/a-role/x`, UserId: userId };
  return Response.json({ GetCallerIdentityResponse: { GetCallerIdentityResult: result, ResponseMetadata: {} } });
}

function refused(code: string): Response {
  return Response.json({ Error: { Code: code, Message: "no", Type: "Sender" }, RequestId: "1" }, { status: 403 });
}

function signatureOf(
  { method, path, headers, body }: Asked,
  by: { scope: string; signed: string; secret: string },
): string {
  const names = by.signed.split(";");
  const lines = names.map((name) => `${name}:${headers.get(name) ?? ""}`);
  const canonical = [method, path, "", ...lines, "", by.signed, sha256(body)].join("\n");
  const text = ["AWS4-HMAC-SHA256", headers.get("x-amz-date"), by.scope, sha256(canonical)].join("\n");
  let key: Buffer = Buffer.from(`AWS4${by.secret}`);
  for (const part of by.scope.split("/")) key = hmac(key, part);
  return hmac(key, text).toString("hex");
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}
