/**
 * The address of a function that IAM guards, on loopback: takes what Lambda takes, in the form it hands on, and lets in
 * only who signed as AWS's own library would have. That library makes each signature again, so ours is not its own judge.
 */
import { createHash, createHmac, type Hash } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { SignatureV4 } from "@smithy/signature-v4";
import type { Handler } from "../../runtime/entry/lambda/hosting";
import type { ProxyAnswer, ProxyEvent } from "../../runtime/entry/lambda/proxy-event";
import { ownAccount } from "./requests";

export interface Caller {
  readonly secret: string;
  readonly sessionToken?: string;
  /** Of the credentials, in milliseconds since 1970. */
  readonly expiresAt?: number;
  readonly account?: string;
  /** IAM lets them call the function. @default true */
  readonly allowed?: boolean;
}

/** Of a request and of an answer, as Lambda counts them. */
const mostPayload = 6_291_556;
const mostSkewMs = 5 * 60_000;

export interface Refusal {
  readonly status: number;
  readonly body: string;
}

export class SignedDoor {
  readonly callers = new Map<string, Caller>();
  /** `GET /api/v1/jobs`, of those that were let in. */
  readonly asked: string[] = [];
  region = "eu-west-1";
  /** Instead of the function, once for each. */
  readonly faults: (Refusal | "drop")[] = [];
  readonly #server: Server;
  #handler: Handler<ProxyEvent, ProxyAnswer>;

  private constructor(handler: Handler<ProxyEvent, ProxyAnswer>) {
    this.#handler = handler;
    this.#server = createServer((request, response) => void this.#take(request, response));
  }

  static async open(handler: Handler<ProxyEvent, ProxyAnswer>): Promise<SignedDoor> {
    const door = new SignedDoor(handler);
    await new Promise<void>((resolve) => door.#server.listen(0, "127.0.0.1", resolve));
    return door;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    const account = await this.#judge(request, body);
    if (typeof account !== "string") return answer(response, account);
    this.asked.push(`${request.method ?? ""} ${request.url ?? ""}`);
    const fault = this.faults.shift();
    if (fault === "drop") return void request.socket.destroy();
    if (fault !== undefined) return answer(response, fault);
    const event = eventOf(request, body, account);
    if (JSON.stringify(event).length > mostPayload)
      return answer(response, refusal(413, `Request must be smaller than ${mostPayload} bytes`));
    const given = await this.#handler(event, { awsRequestId: "r-1" });
    if (JSON.stringify(given).length > mostPayload) return answer(response, { status: 502, body: "Bad Gateway" });
    response.writeHead(given.statusCode, given.headers);
    response.end(Buffer.from(given.body, given.isBase64Encoded ? "base64" : "utf8"));
  }

  /** The caller's account, or what IAM answers in Lambda's name. */
  async #judge(request: IncomingMessage, body: Buffer): Promise<string | Refusal> {
    const { headers } = request;
    const form =
      /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/(.+)\/(.+)\/aws4_request, SignedHeaders=(.+), Signature=/;
    const [, keyId = "", , region = "", service = "", names = ""] = form.exec(headers.authorization ?? "") ?? [];
    if (keyId === "") return refusal(403, "Missing Authentication Token");
    const caller = this.callers.get(keyId);
    if (caller === undefined || headers["x-amz-security-token"] !== caller.sessionToken)
      return refusal(403, "The security token included in the request is invalid.");
    if ((caller.expiresAt ?? Infinity) < Date.now())
      return refusal(403, "The security token included in the request is expired");
    if (region !== this.region) return refusal(403, `Credential should be scoped to a valid region. `);
    if (service !== "lambda") return refusal(403, "Credential should be scoped to correct service: 'lambda'. ");
    const date = dateOf(String(headers["x-amz-date"]));
    if (Math.abs(date.getTime() - Date.now()) > mostSkewMs)
      return refusal(403, `Signature expired: ${String(headers["x-amz-date"])} is now earlier than it may be`);
    const claimed = headers["x-amz-content-sha256"];
    const signed = names.split(";");
    const isWhole = claimed === createHash("sha256").update(body).digest("hex");
    const proves =
      signed.includes("host") && (caller.sessionToken === undefined || signed.includes("x-amz-security-token"));
    const right = await signatureOf(request, { body, signed, date, keyId, region, caller });
    if (!isWhole || !proves || right !== headers.authorization)
      return refusal(403, "The request signature we calculated does not match the signature you provided.");
    return caller.allowed === false ? refusal(403, "Forbidden") : (caller.account ?? ownAccount);
  }
}

interface Claim {
  readonly body: Buffer;
  readonly signed: readonly string[];
  readonly date: Date;
  readonly keyId: string;
  readonly region: string;
  readonly caller: Caller;
}

async function signatureOf(request: IncomingMessage, claim: Claim): Promise<string | undefined> {
  const { body, signed, date, keyId, region, caller } = claim;
  const url = new URL(request.url ?? "/", "http://door");
  const credentials = { accessKeyId: keyId, secretAccessKey: caller.secret };
  const signer = new SignatureV4({ service: "lambda", region, credentials, sha256: Sha256, applyChecksum: false });
  const query = Object.fromEntries(
    [...new Set(url.searchParams.keys())].map((name) => [name, url.searchParams.getAll(name)]),
  );
  const headers = Object.fromEntries(signed.map((name) => [name, String(request.headers[name] ?? "")]));
  const bare = { method: request.method ?? "GET", protocol: "http:", hostname: "door", path: url.pathname, query };
  const made = await signer.sign({ ...bare, headers, body }, { signingDate: date });
  return made.headers["authorization"];
}

class Sha256 {
  #hash: Hash | ReturnType<typeof createHmac>;
  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash = secret === undefined ? createHash("sha256") : createHmac("sha256", keyOf(secret));
  }
  update(data: Uint8Array | string): void {
    this.#hash.update(data);
  }
  digest(): Promise<Uint8Array> {
    return Promise.resolve(Uint8Array.from(this.#hash.digest()));
  }
  reset(): void {
    throw new Error("made anew for each");
  }
}

function keyOf(secret: string | ArrayBuffer | ArrayBufferView): string | Uint8Array {
  if (typeof secret === "string") return secret;
  return ArrayBuffer.isView(secret)
    ? new Uint8Array(secret.buffer, secret.byteOffset, secret.byteLength)
    : new Uint8Array(secret);
}

/** `20150830T123600Z` */
function dateOf(text: string): Date {
  return new Date(text.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z"));
}

function eventOf(request: IncomingMessage, body: Buffer, accountId: string): ProxyEvent {
  const [path = "", query = ""] = (request.url ?? "/").split(/\?(.*)/s);
  return {
    ...{ rawPath: decodeURIComponent(path), rawQueryString: query },
    headers: Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)])),
    requestContext: { stage: "$default", http: { method: request.method ?? "" }, authorizer: { iam: { accountId } } },
    ...{ body: body.toString("base64"), isBase64Encoded: true },
  };
}

function refusal(status: number, message: string): Refusal {
  return { status, body: JSON.stringify({ Message: message }) };
}

function answer(response: ServerResponse, { status, body }: Refusal): void {
  response.writeHead(status, { "content-type": "application/json" }).end(body);
}
