/**
 * A request as the three doors of Lambda hand it over: a function URL, an HTTP API (both version 2), a REST API (version
 * 1), and the answer that all three understand.
 * @see https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
 */
import { OnejobError } from "../../core/errors";
import { answerHeaders, errorAnswer } from "../http/error-answer";

type Texts = Readonly<Record<string, string | undefined>>;

export interface ProxyEvent {
  /** Version 2. */
  readonly rawPath?: string;
  readonly rawQueryString?: string;
  /** Version 1. */
  readonly path?: string;
  readonly httpMethod?: string;
  readonly multiValueHeaders?: Readonly<Record<string, readonly string[] | undefined>> | null;
  readonly queryStringParameters?: Texts | null;
  readonly multiValueQueryStringParameters?: Readonly<Record<string, readonly string[] | undefined>> | null;
  /** Both. */
  readonly headers?: Texts | null;
  readonly body?: string | null;
  readonly isBase64Encoded?: boolean;
  readonly requestContext?: {
    readonly stage?: string;
    readonly http?: { readonly method?: string };
    /** Version 2, and only where IAM decided who may ask. */
    readonly authorizer?: { readonly iam?: { readonly accountId?: string | null } | null } | null;
    /** Version 1. */
    readonly identity?: { readonly accountId?: string | null } | null;
  };
}

export interface ProxyRequest {
  readonly method: string;
  readonly path: string;
  /** Without the question mark. */
  readonly query: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface ProxyAnswer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly isBase64Encoded: boolean;
}

export function readRequest(event: ProxyEvent): ProxyRequest {
  return {
    method: (event.requestContext?.http?.method ?? event.httpMethod ?? "").toUpperCase(),
    path: withoutStage(event.rawPath ?? event.path ?? "/", event.requestContext?.stage),
    query: event.rawQueryString ?? queryOf(event),
    headers: headersOf(event),
  };
}

/** The AWS account of whoever signed the request, as IAM found it; `undefined`: nobody has said. */
export function callerAccount({ requestContext }: ProxyEvent): string | undefined {
  return requestContext?.authorizer?.iam?.accountId ?? requestContext?.identity?.accountId ?? undefined;
}

/** A stage that has a name stands in front of the path. */
function withoutStage(path: string, stage = "$default"): string {
  return stage !== "$default" && path.startsWith(`/${stage}/`) ? path.slice(stage.length + 1) : path;
}

function queryOf({ multiValueQueryStringParameters: many, queryStringParameters: one }: ProxyEvent): string {
  const query = new URLSearchParams();
  const all = many ?? Object.fromEntries(Object.entries(one ?? {}).map(([name, value]) => [name, [value ?? ""]]));
  for (const [name, values = []] of Object.entries(all)) for (const value of values) query.append(name, value);
  return query.toString();
}

function headersOf({ headers, multiValueHeaders }: ProxyEvent): Readonly<Record<string, string>> {
  const single = Object.entries(headers ?? {});
  const many = Object.entries(multiValueHeaders ?? {}).map(([name, values]) => [name, values?.join(", ")] as const);
  const named = [...single, ...many].flatMap(([name, value]) =>
    value === undefined ? [] : [[name.toLowerCase(), value] as const],
  );
  return Object.fromEntries(named);
}

/** The bytes as they were sent. Throws what `tooLarge` makes before it unpacks more than `limit`. */
export function readBody(
  { body, isBase64Encoded }: ProxyEvent,
  { limit, tooLarge }: { readonly limit: number; readonly tooLarge: (limit: number) => OnejobError },
): Buffer {
  const text = body ?? "";
  // Four letters carry three bytes.
  if ((isBase64Encoded === true ? Math.floor((text.length * 3) / 4) - 2 : text.length) > limit) throw tooLarge(limit);
  const bytes = Buffer.from(text, isBase64Encoded === true ? "base64" : "utf8");
  if (bytes.byteLength > limit) throw tooLarge(limit);
  return bytes;
}

export function jsonAnswer(status: number, body: unknown, request: string): ProxyAnswer {
  const headers = { ...answerHeaders(request), "content-type": "application/json; charset=utf-8" };
  return { statusCode: status, headers, body: JSON.stringify(body), isBase64Encoded: false };
}

/** What we do not know goes to the log and never to who asked. */
export function failedAnswer(error: unknown, request: string): ProxyAnswer {
  const known = error instanceof OnejobError ? error : new OnejobError("internal", `request ${request}`);
  const { status, headers, body } = errorAnswer(known);
  const answer = jsonAnswer(status, body, request);
  return { ...answer, headers: { ...answer.headers, ...headers } };
}
