/**
 * AWS Signature Version 4 of a request to `/` without a query: all the agent ever signs.
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
import { createHash, createHmac } from "node:crypto";

export interface Signable {
  readonly method: "GET" | "POST";
  /** Every one is signed. Names in lower case; `host` and `x-amz-date` among them. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface SigningKey {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly region: string;
  readonly service: string;
}

const algorithm = "AWS4-HMAC-SHA256";

/** The header `Authorization`. */
export function authorizationOf(request: Signable, key: SigningKey): string {
  const date = request.headers["x-amz-date"] ?? "";
  const scope = [date.slice(0, 8), key.region, key.service, "aws4_request"];
  const names = Object.keys(request.headers).sort();
  const toSign = [algorithm, date, scope.join("/"), sha256(canonical(request, names))].join("\n");
  const signingKey = scope.reduce<string | Buffer>((secret, part) => hmac(secret, part), `AWS4${key.secretAccessKey}`);
  const signature = hmac(signingKey, toSign).toString("hex");
  const credential = `${key.accessKeyId}/${scope.join("/")}`;
  return `${algorithm} Credential=${credential}, SignedHeaders=${names.join(";")}, Signature=${signature}`;
}

function canonical({ method, headers, body }: Signable, names: readonly string[]): string {
  const lines = names.map((name) => `${name}:${(headers[name] ?? "").trim().replace(/ +/g, " ")}\n`);
  return [method, "/", "", lines.join(""), names.join(";"), sha256(body)].join("\n");
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
