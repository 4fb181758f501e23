/** Asks the fake's REST API as a client would, for the fake's own tests. */
import { createSign } from "node:crypto";
import type { App, FakeGitHub } from ".";

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface Asked {
  readonly token?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** `call` is a method and a path: `GET /meta`. */
export async function ask(fake: FakeGitHub, call: string, { token, body, headers }: Asked = {}): Promise<Answer> {
  const [method = "GET", path = "/"] = call.split(" ");
  const response = await fetch(`${fake.apiUrl}${path}`, {
    method,
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      "user-agent": "fake-github-test",
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  const parsed = (text === "" ? {} : JSON.parse(text)) as Answer["body"];
  return { status: response.status, headers: response.headers, text, body: parsed };
}

/** An app's assertion. Claims are set as given; times in seconds. */
export function signJwt(
  key: string,
  claims: Readonly<Record<string, unknown>>,
  header: object = { alg: "RS256" },
): string {
  const encode = (part: unknown) => Buffer.from(JSON.stringify(part)).toString("base64url");
  const signed = `${encode(header)}.${encode(claims)}`;
  return `${signed}.${createSign("RSA-SHA256").update(signed).sign(key, "base64url")}`;
}

export function appJwt(app: App, nowMs = Date.now()): string {
  const now = Math.floor(nowMs / 1000);
  return signJwt(app.privateKey, { iss: app.id, iat: now - 60, exp: now + 540 });
}

export async function installationToken(fake: FakeGitHub, { app, id }: { readonly app: App; readonly id: number }) {
  const { body } = await ask(fake, `POST /app/installations/${id}/access_tokens`, { token: appJwt(app) });
  return String(body.token);
}

/** The JIT configuration of a new runner of `acme/widgets`. */
export async function jitConfig(fake: FakeGitHub, { token, name, labels = ["self-hosted"] }: JitWish): Promise<string> {
  const { body, text } = await ask(fake, "POST /repos/acme/widgets/actions/runners/generate-jitconfig", {
    token,
    body: { name, runner_group_id: 1, labels },
  });
  if (typeof body.encoded_jit_config !== "string") throw new Error(text);
  return body.encoded_jit_config;
}

interface JitWish {
  readonly token: string;
  readonly name: string;
  readonly labels?: readonly string[];
}
