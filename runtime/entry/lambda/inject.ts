/** A fastify server behind a function: the request is put in, the answer taken out, no socket between. */
import type { FastifyInstance } from "fastify";
import { OnejobError } from "../../core/errors";
import {
  failedAnswer,
  readBody,
  readRequest,
  type ProxyAnswer,
  type ProxyEvent,
  type ProxyRequest,
} from "./proxy-event";
import type { Handler, Hosting } from "./hosting";

/** Lambda takes no more than 6 MB in and out, and bytes travel as base64. */
export const mostBytes = 4 * 1024 * 1024;

export interface Injected {
  readonly app: FastifyInstance;
  /** Before each request. */
  readonly prepare: () => Promise<void>;
  /** Throws when whoever asks may not. */
  readonly admit?: (event: ProxyEvent) => void;
  /** What the path is for the server. */
  readonly path?: (path: string) => string;
}

export function injectingHandler(host: Hosting, open: () => Promise<Injected>): Handler<ProxyEvent, ProxyAnswer> {
  return host.handler(async (event) => {
    try {
      const { app, admit, path = (same) => same } = await prepared(open);
      admit?.(event);
      return await inject(app, event, path);
    } catch (error) {
      if (error instanceof OnejobError && error.entry.httpStatus < 500)
        host.log.info("request refused", { code: error.code, what: error.message });
      else host.log.error("request failed", { error });
      return failedAnswer(error, host.request());
    }
  });
}

/** What keeps us from answering at all is no fault of who asks, who should ask again. */
async function prepared(open: () => Promise<Injected>): Promise<Injected> {
  try {
    const injected = await open();
    await injected.prepare();
    return injected;
  } catch (cause) {
    throw new OnejobError("internal", "the fleet is not ready", { cause });
  }
}

const methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] as const;

/** What the server could not even be asked with. */
function checkLine({ method, path }: Pick<ProxyRequest, "method" | "path">): (typeof methods)[number] {
  // Two slashes would make a host of what follows.
  if (!/^\/(?!\/)/.test(path)) throw new OnejobError("bad-request", "the path does not begin with one slash");
  const known = methods.find((name) => name === method);
  if (known === undefined) throw new OnejobError("not-found", "no route has this method");
  return known;
}

async function inject(app: FastifyInstance, event: ProxyEvent, pathOf: (path: string) => string): Promise<ProxyAnswer> {
  const { path, query, headers, ...line } = readRequest(event);
  const method = checkLine({ path, ...line });
  const tooLarge = (limit: number): OnejobError => new OnejobError("body-too-large", `at most ${limit} bytes`);
  const payload = readBody(event, { limit: 2 * mostBytes, tooLarge });
  // What the platform says of the body's length may be that of its base64 form.
  const { "content-length": _length, "transfer-encoding": _coding, ...kept } = headers;
  const url = query === "" ? pathOf(path) : `${pathOf(path)}?${query}`;
  const answer = await app.inject({
    ...{ method, url },
    headers: kept,
    ...(payload.byteLength > 0 ? { payload } : {}),
  });
  const given = Object.entries(answer.headers).flatMap(([name, value]) =>
    value === undefined || name === "transfer-encoding" || name === "connection"
      ? []
      : [[name, String(value)] as const],
  );
  const isText = /^application\/json|^text\/javascript/.test(String(answer.headers["content-type"] ?? ""));
  return {
    statusCode: answer.statusCode,
    headers: Object.fromEntries(given),
    body: answer.rawPayload.toString(isText ? "utf8" : "base64"),
    isBase64Encoded: !isText,
  };
}
