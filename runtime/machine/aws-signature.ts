/**
 * AWS Signature Version 4: the header `Authorization` of a request, and addresses that carry their signature themselves.
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
import { createHash, createHmac } from "node:crypto";

export interface Signable {
  readonly method: string;
  /** Path and query as they are sent, encoded. @default "/" */
  readonly target?: string;
  /** Every one is signed. Names in lower case; `host` and `x-amz-date` among them. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
}

export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
}

export interface SigningKey extends Pick<AwsCredentials, "accessKeyId" | "secretAccessKey"> {
  readonly region: string;
  readonly service: string;
}

const algorithm = "AWS4-HMAC-SHA256";

/** The header `Authorization`. */
export function authorizationOf(request: Signable, key: SigningKey): string {
  const { method, target = "/", headers, body } = request;
  const date = headers["x-amz-date"] ?? "";
  const { text, names } = canonical({ method, target, headers, payload: sha256Hex(body) }, key.service);
  const credential = `${key.accessKeyId}/${scopeOf(date, key).join("/")}`;
  return `${algorithm} Credential=${credential}, SignedHeaders=${names}, Signature=${signatureOf(text, date, key)}`;
}

/** `20150830T123600Z` */
export function amzDate(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+|[-:]/g, "");
}

export interface Presignable {
  readonly method: "GET" | "PUT";
  readonly url: URL;
  /** Those that must be sent with it, unchanged; names in lower case, without `host`. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface Validity {
  /** Milliseconds since 1970. */
  readonly now: number;
  /** No longer than 7 days, nor than the credentials hold. */
  readonly seconds: number;
}

/** An address of S3 that whoever has it may use until it expires, for exactly this request. */
export function presignedUrl(
  { method, url, headers }: Presignable,
  { sessionToken, ...credentials }: AwsCredentials & { readonly region: string },
  { now, seconds }: Validity,
): URL {
  const key = { ...credentials, service: "s3" };
  const date = amzDate(now);
  const signed: Readonly<Record<string, string>> = { ...headers, host: url.host };
  const query = {
    "X-Amz-Algorithm": algorithm,
    "X-Amz-Credential": `${key.accessKeyId}/${scopeOf(date, key).join("/")}`,
    "X-Amz-Date": date,
    "X-Amz-Expires": String(seconds),
    ...(sessionToken === undefined ? {} : { "X-Amz-Security-Token": sessionToken }),
    "X-Amz-SignedHeaders": Object.keys(signed).sort().join(";"),
  };
  const own = url.search.slice(1).split("&").filter(Boolean);
  const added = Object.entries(query).map(([name, value]) => `${strictly(name)}=${strictly(value)}`);
  const target = `${url.pathname}?${[...own, ...added].join("&")}`;
  const { text } = canonical({ method, target, headers: signed, payload: "UNSIGNED-PAYLOAD" }, key.service);
  return new URL(`${target}&X-Amz-Signature=${signatureOf(text, date, key)}`, url);
}

interface Canonical {
  readonly method: string;
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly payload: string;
}

function canonical({ method, target, headers, payload }: Canonical, service: string) {
  const [path = "", query = ""] = target.split(/\?(.*)/s);
  const sorted = Object.keys(headers).sort();
  const lines = sorted.map((name) => `${name}:${(headers[name] ?? "").trim().replace(/ +/g, " ")}\n`);
  const names = sorted.join(";");
  const text = [method, canonicalPath(path, service), canonicalQuery(query), lines.join(""), names, payload].join("\n");
  return { text, names };
}

/** Encoded as it travels, and then once more; only S3 takes it as it is. */
function canonicalPath(path: string, service: string): string {
  if (service === "s3") return path;
  return path.replace(/\/+/g, "/").split("/").map(strictly).join("/") || "/";
}

function canonicalQuery(query: string): string {
  const pairs = query.split("&").filter(Boolean).map(parameter);
  return pairs
    .sort(([a, x], [b, y]) => compare(a, b) || compare(x, y))
    .map((pair) => pair.join("="))
    .join("&");
}

function parameter(text: string): readonly [string, string] {
  const [name = "", value = ""] = text.split(/=(.*)/s);
  return [strictly(decodeURIComponent(name)), strictly(decodeURIComponent(value))];
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** RFC 3986: also what JavaScript leaves as it is. */
export function strictly(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function scopeOf(date: string, { region, service }: Pick<SigningKey, "region" | "service">): readonly string[] {
  return [date.slice(0, 8), region, service, "aws4_request"];
}

function signatureOf(request: string, date: string, key: SigningKey): string {
  const scope = scopeOf(date, key);
  const toSign = [algorithm, date, scope.join("/"), sha256Hex(request)].join("\n");
  const signingKey = scope.reduce<string | Buffer>((secret, part) => hmac(secret, part), `AWS4${key.secretAccessKey}`);
  return hmac(signingKey, toSign).toString("hex");
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}

export function sha256Hex(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}
