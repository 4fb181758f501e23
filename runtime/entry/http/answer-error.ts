/** Every answer that is not a success has the one shape of INTERFACE, whoever found the fault. */
import type { Socket } from "node:net";
import type { FastifyError, FastifyReply, FastifyRequest } from "fastify";
import { catalogue, OnejobError, type ErrorCode } from "../../core/errors";
import type { LogFields } from "../../core/ports";
import { routeOf, type HttpContext } from "./context";
import { errorAnswer } from "./error-answer";
import { problemsOf } from "./validation";

/** What failed, who asked, and how to answer. */
export interface Failure {
  readonly error: unknown;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

export function answerError({ error, request, reply }: Failure, context: HttpContext): void {
  const known = toOnejobError(error, request);
  const { status, headers, body } = errorAnswer(known);
  if (known.code === "internal") {
    context.logger.error("request failed", { ...about(request), method: request.method, error });
  } else {
    const { code, message } = known;
    context.logger.debug("request refused", { ...about(request), code, what: message });
  }
  // The framework closes the connection after a bad body; then a client that still sends may never see the answer.
  reply.removeHeader("connection");
  void reply.code(status).headers(headers).send(body);
}

function about(request: FastifyRequest): LogFields {
  // An address that cannot be read has none.
  const { job } = (request.params ?? {}) as { readonly job?: string };
  return { request: request.id, route: routeOf(request), ...(job === undefined ? {} : { job }) };
}

/** The message of an error we do not know may hold anything, so it goes to the log and never to the client. */
function toOnejobError(error: unknown, request: FastifyRequest): OnejobError {
  if (error instanceof OnejobError) return error;
  const { statusCode = 500, code = "", validation, validationContext } = (error ?? {}) as Partial<FastifyError>;
  if (validation !== undefined) {
    const details = problemsOf(validation, validationContext ?? "request");
    const detail = details.map(({ path, what }) => `${path} ${what}`).join("; ");
    return new OnejobError("bad-request", detail, { details });
  }
  if (statusCode === 413) return new OnejobError("body-too-large", `at most ${request.routeOptions.bodyLimit} bytes`);
  if (statusCode === 415) return new OnejobError("bad-media-type", request.headers["content-type"]?.slice(0, 100));
  if (statusCode >= 400 && statusCode < 500) {
    const words = code.startsWith("FST_") && error instanceof Error ? error.message : "it could not be read";
    return new OnejobError("bad-request", words.slice(0, 300));
  }
  return new OnejobError("internal", `request ${request.id}`, { cause: error, details: { request: request.id } });
}

/** What is no request at all never reaches a route; it is answered on the bare connection. */
export function answerClientError(error: NodeJS.ErrnoException, socket: Socket): void {
  const { status, words } = clientErrors[error.code ?? ""] ?? { status: "400 Bad Request", words: "it is not HTTP" };
  const code: ErrorCode = "bad-request";
  const { what, fix, retry } = catalogue[code];
  const body = JSON.stringify({ error: { code, what: `${what}: ${words}`, fix, retry } });
  const head = [`HTTP/1.1 ${status}`, "content-type: application/json; charset=utf-8", "connection: close"];
  if (socket.writable && error.code !== "ECONNRESET") {
    socket.write(`${[...head, `content-length: ${Buffer.byteLength(body)}`].join("\r\n")}\r\n\r\n${body}`);
  }
  socket.destroySoon();
}

const clientErrors: Readonly<Record<string, { readonly status: string; readonly words: string }>> = {
  HPE_HEADER_OVERFLOW: { status: "431 Request Header Fields Too Large", words: "its head is larger than 16 KiB" },
  HPE_CHUNK_EXTENSIONS_OVERFLOW: { status: "413 Payload Too Large", words: "its chunk extensions are too large" },
  ERR_HTTP_REQUEST_TIMEOUT: { status: "408 Request Timeout", words: "it did not arrive in time" },
};
