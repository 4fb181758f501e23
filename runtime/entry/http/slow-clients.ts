/**
 * A client that sends slowly, never ends, or does not read, must not hold a connection for ever. The server's own request timeout
 * cannot do this: it would cut long uploads too.
 */
import type { OutgoingHttpHeaders, ServerResponse } from "node:http";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { HttpLimits } from "./context";

/** From the head on: a body must be there in time, an upload must go on arriving. */
export function guardBody(request: FastifyRequest, limits: HttpLimits): void {
  const { raw } = request;
  const upload = request.routeOptions.config.upload === true;
  const pauseMs = upload ? limits.uploadSilenceMs : limits.bodyMs;
  let seen = raw.socket.bytesRead;
  const look = (): void => {
    if (raw.complete || raw.destroyed) return;
    const now = raw.socket.bytesRead;
    if (!upload || now - seen < limits.uploadLeastBytes) {
      raw.destroy();
      return;
    }
    seen = now;
    timer = setTimeout(look, pauseMs).unref();
  };
  let timer = setTimeout(look, pauseMs).unref();
  raw.once("close", () => clearTimeout(timer));
}

/** How often an answer is looked at in the time that it may stand still. */
const looks = 4;

/** As long as it is answered: what it was sent must go on being read, or a log stays open behind it for ever. */
export function guardReader({ raw }: FastifyRequest, answer: ServerResponse, { unreadMs }: HttpLimits): void {
  const { socket } = raw;
  let seen = 0;
  let unchanged = 0;
  const look = (): void => {
    const sent = socket.bytesWritten - socket.writableLength;
    unchanged = socket.writableLength > 0 && sent === seen ? unchanged + 1 : 0;
    seen = sent;
    if (unchanged === looks) answer.destroy();
  };
  const timer = setInterval(look, unreadMs / looks).unref();
  answer.once("close", () => clearInterval(timer));
}

/**
 * After an answer that came before the end of the body: the rest is read and dropped for a while, because a connection
 * closed at once can lose the answer on its way. Then it is closed all the same.
 */
export function lingerAfter(request: FastifyRequest, reply: FastifyReply, limits: HttpLimits): void {
  const { raw } = request;
  if (raw.complete || raw.destroyed) return;
  const timer = setTimeout(() => {
    if (!raw.complete) raw.destroy();
  }, limits.lingerMs).unref();
  raw.once("close", () => clearTimeout(timer));
  // Whoever was to read it has given up, and what is not read holds up the next request.
  raw.unpipe();
  raw.resume();
}

/** Aborts when the client is gone, the answer is finished, or the server closes. */
export function whileConnected(reply: FastifyReply, closing: AbortSignal): AbortSignal {
  const controller = new AbortController();
  const stop = (): void => controller.abort();
  if (closing.aborted || reply.raw.destroyed) stop();
  closing.addEventListener("abort", stop, { once: true });
  reply.raw.once("close", () => {
    // `closing` lives as long as the server: what is not taken off it stays in memory.
    closing.removeEventListener("abort", stop);
    stop();
  });
  return controller.signal;
}

/** What the hooks set on an answer that is then written by hand. */
export function headersOf(reply: FastifyReply): OutgoingHttpHeaders {
  return Object.fromEntries(Object.entries(reply.getHeaders()));
}
