/** The server's API, as the commands use it. */
import type { IncomingMessage } from "node:http";
import { strictly } from "../machine/aws-signature";
import type { JobView } from "./api-types";
import { apiError, ApiError } from "./api-error";
import { OnejobError, type ErrorCode } from "../core/errors";
import type { Exchange } from "./http";
import { fleetError } from "./fleet/fleet-error";
import { exchange, unreachable } from "./http";
import type { FormContent } from "./multipart";
import { multipart } from "./multipart";
import type { Address } from "./server-address";

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

export interface Trying {
  /** The same for every try of one submission, so that no retry makes a second job. */
  readonly idempotencyKey: string;
  readonly signal?: AbortSignal;
}

export interface Upload extends FormContent, Trying {}

export interface ApiClient {
  get<T>(path: string, query?: Query): Promise<T>;
  /** The body whatever the status is; `/ready` tells what is wrong with a 503. */
  read<T>(path: string): Promise<{ readonly status: number; readonly body: T }>;
  post<T>(path: string, body?: unknown, trying?: Trying): Promise<T>;
  submit(upload: Upload): Promise<JobView>;
  /** Resolves once the server has begun to answer; the body then comes as it arrives, or breaks off as `unreachable`. */
  stream(path: string, options: StreamOptions): Promise<Streamed>;
}

export interface Streamed {
  readonly content: AsyncIterable<Uint8Array>;
  /** Of the answer; name in lower case. */
  readonly header: (name: string) => string | undefined;
}

export interface StreamOptions {
  readonly query?: Query;
  readonly accept: string;
  readonly signal: AbortSignal;
}

export interface ClientOptions {
  /** Asked before every request. */
  readonly address: () => Promise<Address>;
  /** Told about every exchange; never sees a header. */
  readonly trace: (line: string) => void;
}

export function apiClient({ address, trace }: ClientOptions): ApiClient {
  const send = async (wanted: Exchange): Promise<Answer> => {
    const to = await address();
    trace(`> ${wanted.method} ${to.url.origin}${wanted.path}`);
    const response = await exchange(to, wanted);
    trace(`< ${response.statusCode ?? 0} ${wanted.method} ${wanted.path}`);
    return { response, address: to };
  };
  const json = async <T>(wanted: Exchange): Promise<T> => parse<T>(await checked(await send(wanted)));
  return {
    get: (path, query) => json({ method: "GET", path: withQuery(path, query) }),
    post: (path, body, trying) =>
      json({ method: "POST", path, ...jsonBody(body, keyOf(trying)), signal: trying?.signal }),
    submit: ({ idempotencyKey, signal, ...content }) => {
      const { contentType, body } = multipart(content);
      const headers = { "content-type": contentType, ...keyOf({ idempotencyKey }) };
      return json({ method: "POST", path: "/api/v1/jobs", headers, body, signal });
    },
    async read<T>(path: string) {
      const answer = await send({ method: "GET", path });
      return { status: answer.response.statusCode ?? 0, body: await parse<T>(answer) };
    },
    async stream(path, { query, accept, signal }) {
      const wanted = { method: "GET", path: withQuery(path, query), headers: { accept }, signal, answerMs: 0 } as const;
      const answer = await checked(await send(wanted));
      return { content: bytes(answer), header: (name) => answer.response.headers[name]?.toString() };
    },
  };
}

interface Answer {
  readonly response: IncomingMessage;
  readonly address: Address;
}

async function checked(answer: Answer): Promise<Answer> {
  const status = answer.response.statusCode ?? 0;
  if (status >= 200 && status < 300) return answer;
  const said = await text(answer);
  const { fleet } = answer.address;
  throw fleet === undefined ? apiError(status, said) : fleetError(status, said, fleet);
}

async function parse<T>(answer: Answer): Promise<T> {
  const body = await text(answer);
  try {
    return JSON.parse(body) as T;
  } catch (cause) {
    throw unreachable(answer.address, new Error("it does not answer as Onejob does", { cause }));
  }
}

async function text(answer: Answer): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of bytes(answer)) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}

async function* bytes({ response, address }: Answer): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of response as AsyncIterable<Uint8Array>) yield chunk;
  } catch (cause) {
    throw unreachable(address, cause);
  }
}

function withQuery(path: string, query: Query = {}): string {
  const pairs = Object.entries(query).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]]));
  return pairs.length === 0 ? path : `${path}?${pairs.map((pair) => pair.map(strictly).join("=")).join("&")}`;
}

function keyOf(trying: Pick<Trying, "idempotencyKey"> | undefined): Readonly<Record<string, string>> {
  return trying === undefined ? {} : { "idempotency-key": trying.idempotencyKey };
}

function jsonBody(body: unknown, headers: Readonly<Record<string, string>>): Pick<Exchange, "body" | "headers"> {
  if (body === undefined) return { headers };
  return { body: JSON.stringify(body), headers: { ...headers, "content-type": "application/json" } };
}

/** Nobody answered: the server, the fleet, or AWS, which renews what a fleet is asked with. */
const away: readonly ErrorCode[] = ["unreachable", "fleet-unreachable", "aws-unreachable"];

/** Whether the same request may succeed in a moment: the server went away, or asks for patience. Draining takes longer. */
export function isTransient(error: unknown): boolean {
  if (error instanceof ApiError) return error.retry && error.status !== 409 && error.code !== "not-accepting";
  return error instanceof OnejobError && away.some((code) => code === error.code);
}
