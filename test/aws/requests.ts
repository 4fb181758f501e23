/** Requests as the three doors of Lambda hand them over, and webhooks of GitHub in them. */
import type { ProxyEvent } from "../../runtime/entry/lambda/proxy-event";
import { sign, told } from "../sources/github/webhook-parcels";
import { webhookSecret } from "./fleet-world";

export interface Request {
  readonly method?: string;
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** Whose credentials signed it, as IAM says; `null`: nobody's. @default the fleet's own */
  readonly account?: string | null;
}

export const ownAccount = "123456789012";

export const doors = {
  "a function URL": ({ method = "POST", path, query = {}, headers = {}, body = "", account }: Request): ProxyEvent => ({
    ...{ version: "2.0", rawPath: path, rawQueryString: new URLSearchParams(query).toString() },
    headers: lowered(headers),
    requestContext: { stage: "$default", http: { method }, ...signedBy(account) },
    ...{ body: Buffer.from(body).toString("base64"), isBase64Encoded: true },
  }),
  "an HTTP API": ({ method = "POST", path, query = {}, headers = {}, body = "", account }: Request): ProxyEvent => ({
    ...{ version: "2.0", rawPath: `/live${path}`, rawQueryString: new URLSearchParams(query).toString() },
    headers: lowered(headers),
    requestContext: { stage: "live", http: { method }, ...signedBy(account) },
    ...{ body: body.toString(), isBase64Encoded: false },
  }),
  "a REST API": ({ method = "POST", path, query = {}, headers = {}, body = "", account }: Request): ProxyEvent => ({
    ...{ path, httpMethod: method, queryStringParameters: query },
    requestContext: { stage: "live", identity: { accountId: account === undefined ? ownAccount : account } },
    headers: headers,
    multiValueHeaders: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]])),
    multiValueQueryStringParameters: Object.fromEntries(Object.entries(query).map(([name, value]) => [name, [value]])),
    ...{ body: body.toString(), isBase64Encoded: false },
  }),
} as const;

export type DoorName = keyof typeof doors;
export const doorNames = Object.keys(doors) as DoorName[];

function signedBy(account: string | null = ownAccount) {
  return account === null ? {} : { authorizer: { iam: { accountId: account } } };
}

function lowered(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

export interface Webhook {
  readonly body?: string;
  readonly key?: string;
  readonly path?: string;
  readonly id?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly method?: string;
}

/** A delivery of GitHub, signed; names of headers as GitHub writes them. */
export function webhook(changes: Webhook = {}): Request {
  const {
    body = told("queued"),
    key = webhookSecret,
    path = "/webhooks/gh",
    id = "delivery-1",
    headers = {},
  } = changes;
  return {
    method: changes.method ?? "POST",
    path,
    body,
    headers: {
      "Content-Type": "application/json",
      "X-GitHub-Event": "workflow_job",
      "X-GitHub-Delivery": id,
      "X-Hub-Signature-256": sign(body, key),
      ...headers,
    },
  };
}
