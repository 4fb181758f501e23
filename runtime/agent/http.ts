/** One HTTP request, on connections that are kept. */
import { Agent as HttpAgent, request as httpRequest } from "node:http";
import type { ClientRequest, IncomingMessage, RequestOptions } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";

export interface HttpRequest {
  readonly method: "GET" | "POST";
  readonly url: URL;
  /** The Unix socket to connect to, whatever host the URL names. */
  readonly socket?: string;
  readonly bearer?: string;
  readonly json?: unknown;
  /** Longest silence on the connection, connecting included. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

const longestAnswer = 16 * 1024 * 1024;

export class HttpConnections {
  private readonly plain = new HttpAgent({ keepAlive: true });
  private readonly secure = new HttpsAgent({ keepAlive: true });

  /** Resolves with the head of the answer; the body is the caller's to read. */
  async send(request: HttpRequest): Promise<IncomingMessage> {
    try {
      return await this.once(request);
    } catch (error) {
      // A kept connection that the server closed in the meantime says nothing about the server: try a fresh one.
      if (!(error instanceof StaleConnection) || request.signal.aborted) throw error;
      return this.once(request);
    }
  }

  close(): void {
    this.plain.destroy();
    this.secure.destroy();
  }

  private once(request: HttpRequest): Promise<IncomingMessage> {
    const body = request.json === undefined ? undefined : Buffer.from(JSON.stringify(request.json));
    return new Promise((resolve, reject) => {
      const sent = this.open(request, body?.length);
      sent.once("response", resolve);
      sent.once("timeout", () => sent.destroy(new Error(`no answer within ${request.timeoutMs} ms`)));
      sent.on("error", (error) => reject(sent.reusedSocket && isReset(error) ? new StaleConnection(error) : error));
      sent.end(body);
    });
  }

  private open(request: HttpRequest, length: number | undefined): ClientRequest {
    const { method, url, socket, signal } = request;
    // GitHub refuses whoever does not say its name.
    const headers: Record<string, string | number> = {
      accept: "application/json, application/gzip",
      "user-agent": "onejob-agent",
    };
    if (request.bearer !== undefined) headers["authorization"] = `Bearer ${request.bearer}`;
    if (length !== undefined) Object.assign(headers, { "content-type": "application/json", "content-length": length });
    const options: RequestOptions = { method, headers, signal, timeout: request.timeoutMs };
    if (socket !== undefined) return httpRequest(url, { ...options, agent: this.plain, socketPath: socket });
    return url.protocol === "https:"
      ? httpsRequest(url, { ...options, agent: this.secure })
      : httpRequest(url, { ...options, agent: this.plain });
  }
}

function isReset(error: NodeJS.ErrnoException): boolean {
  return error.code === "ECONNRESET" || error.code === "EPIPE";
}

class StaleConnection extends Error {
  constructor(cause: Error) {
    super(cause.message, { cause });
    this.name = "StaleConnection";
  }
}

/** Reads the whole body, also of an error, so that the connection can be used again. */
export async function readJson(message: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of message as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > longestAnswer) throw new Error("the answer is longer than 16 MiB");
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString("utf8"));
  } catch {
    return undefined;
  }
}
