/** One HTTP exchange on `node:http`: light to load, and it streams both ways. */
import type { ClientRequest, IncomingMessage, RequestOptions } from "node:http";
import { request as httpRequest } from "node:http";
import { pipeline } from "node:stream/promises";
import { OnejobError } from "../core/errors";
import { lazy } from "./lazy";
import type { Address } from "./server-address";
import { errorCode, errorText } from "../core/error-facts";

export interface Exchange {
  readonly method: "GET" | "POST" | "PUT";
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Body;
  readonly signal?: AbortSignal | undefined;
  /** How long a silent server is waited for before its first byte of an answer; 0: for ever. */
  readonly answerMs?: number;
}

type Whole = string | Uint8Array | undefined;
type Body = Whole | AsyncIterable<Uint8Array>;

function isStream(body: Body): body is AsyncIterable<Uint8Array> {
  return typeof body === "object" && Symbol.asyncIterator in body;
}

/** What is signed must be known to its last byte. */
async function whole(body: Body): Promise<Whole> {
  if (!isStream(body)) return body;
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const defaultAnswerMs = 60_000;
/** A peer that vanished without a word is noticed by the kernel after this. */
const keepAliveMs = 15_000;

/** Resolves with any answer, whatever its status; throws `unreachable` when there was none. */
export async function exchange(address: Address, given: Exchange): Promise<IncomingMessage> {
  const wanted = address.fleet === undefined ? given : { ...given, body: await whole(given.body) };
  const request = start(address, wanted);
  if (wanted.signal) endWith(wanted.signal, request);
  const answered = answer(request, { address, answerMs: wanted.answerMs ?? defaultAnswerMs });
  if (!isStream(wanted.body)) {
    request.end(wanted.body);
    return answered;
  }
  return Promise.race([answered, sendBody(request, wanted.body, answered)]);
}

/** A server may answer (and close) before it has read everything; then its answer counts, not our broken pipe. */
async function sendBody(
  request: ClientRequest,
  body: AsyncIterable<Uint8Array>,
  answered: Promise<IncomingMessage>,
): Promise<IncomingMessage> {
  let sourceError: { readonly cause: unknown } | null = null;
  const watched = async function* (): AsyncGenerator<Uint8Array> {
    try {
      yield* body;
    } catch (cause) {
      sourceError = { cause };
      throw cause;
    }
  };
  await pipeline(watched, request).catch(() => undefined);
  const failed = sourceError as { readonly cause: unknown } | null;
  if (failed === null) return answered;
  answered.catch(() => undefined);
  throw failed.cause;
}

function start(address: Address, wanted: Exchange): ClientRequest {
  const { url, socket, proof } = address;
  const { method, body, headers = {} } = wanted;
  const target = new URL(`${url.pathname.replace(/\/+$/, "")}${wanted.path}`, url);
  const proven = proof({ method, url: target, headers, body: isStream(body) ? null : (body ?? "") });
  const options: RequestOptions = {
    method,
    agent: false,
    headers: { accept: "application/json", ...proven, ...headers },
  };
  if (socket !== undefined) return httpRequest(target, { ...options, socketPath: socket });
  return url.protocol === "https:" ? lazy.https().request(target, options) : httpRequest(target, options);
}

/** Node's own way leaves a listener behind with each request, and says so to whoever follows for long. */
function endWith(signal: AbortSignal, request: ClientRequest): void {
  const end = (): void => void request.destroy(new Error("given up"));
  if (signal.aborted) return end();
  signal.addEventListener("abort", end, { once: true });
  request.once("close", () => signal.removeEventListener("abort", end));
}

function answer(
  request: ClientRequest,
  { address, answerMs }: { readonly address: Address; readonly answerMs: number },
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.on("socket", (socket) => socket.setKeepAlive(true, keepAliveMs));
    request.setTimeout(answerMs, () => request.destroy(new Error(`no answer within ${answerMs / 1_000} s`)));
    request.once("response", (response) => {
      request.setTimeout(0);
      resolve(response);
    });
    // Stays for the life of the request: a late error without a listener would end the process.
    request.on("error", (error) => reject(unreachable(address, error)));
  });
}

export function unreachable(address: Address, cause: unknown): OnejobError {
  const where = address.socket ?? address.url.origin;
  const code = address.fleet === undefined ? "unreachable" : "fleet-unreachable";
  return new OnejobError(code, `${where} (from ${address.from}): ${plainCause(cause)}`, { cause });
}

function plainCause(error: unknown): string {
  const code = errorCode(error) ?? "";
  const known: Readonly<Record<string, string>> = {
    ECONNREFUSED: "nothing listens there",
    ENOENT: "nothing listens there",
    EACCES: "this user may not connect to it",
    ECONNRESET: "the connection broke",
    EPIPE: "the connection broke",
    ENOTFOUND: "the name is not known",
    ETIMEDOUT: "it did not answer in time",
    EHOSTUNREACH: "there is no way to it",
  };
  return known[code] ?? (errorText(error) || code || "the connection failed");
}
