/**
 * A connection to a server without a network: bytes in, and all that came back, as a client sees it that soon gives up.
 * Not fastify's `inject`: the parser of requests is under test too, and paths have to arrive as they are.
 */
import type { Server } from "node:http";
import { Duplex } from "node:stream";

/** The server's end. What `node:http` expects of a socket beyond a stream is here too. */
class Line extends Duplex {
  readonly remoteAddress = "127.0.0.1";
  bytesRead = 0;
  readonly #got: Buffer[] = [];

  get answer(): Buffer {
    return Buffer.concat(this.#got);
  }

  send(bytes: Uint8Array): void {
    this.bytesRead += bytes.length;
    this.push(bytes);
  }

  hangUp(): void {
    if (!this.destroyed) this.push(null);
  }

  override _read(): void {
    // Everything is pushed as soon as there is something.
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#got.push(Buffer.from(chunk));
    this.emit("heard");
    done();
  }

  destroySoon(): void {
    if (this.writable) this.end();
    if (this.writableFinished) this.destroy();
    else this.once("finish", () => this.destroy());
  }

  setTimeout(): this {
    return this;
  }

  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }
}

export interface Conversation {
  /** Sent one after the other, in turns of their own. */
  readonly pieces: readonly Uint8Array[];
  /** How long the client waits for more before it hangs up. */
  readonly patienceMs: number;
}

/** Ends when the server has closed the connection. */
export async function converse(server: Server, { pieces, patienceMs }: Conversation): Promise<Buffer> {
  const line = new Line();
  const closed = new Promise<void>((resolve) => line.once("close", resolve));
  line.on("error", () => undefined);
  server.emit("connection", line);
  for (const piece of pieces) {
    if (line.destroyed) break;
    line.send(piece);
    await new Promise((resolve) => setImmediate(resolve));
  }
  const timer = setTimeout(() => line.hangUp(), patienceMs);
  line.on("heard", () => timer.refresh());
  await closed;
  clearTimeout(timer);
  return line.answer;
}

export interface HttpRequest {
  readonly method: string;
  /** As it stands in the first line: encoded, or not as it should be. */
  readonly path: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Uint8Array;
}

export interface HttpAnswer {
  readonly statusCode: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly payload: string;
}

/** What says where a request ends is made right here, whatever its headers say. */
const framing = ["content-length", "transfer-encoding", "connection", "host", "expect"];

export function requestBytes({ method, path, headers, body }: HttpRequest, { chunked = false } = {}): Buffer {
  const length = chunked ? "transfer-encoding: chunked" : `content-length: ${body.length}`;
  const given = headers.filter(([name]) => !framing.includes(name)).map(([name, value]) => `${name}: ${value}`);
  const head = [`${method} ${path} HTTP/1.1`, "host: localhost", "connection: close", length, ...given].join("\r\n");
  const size = `${body.length.toString(16)}\r\n`;
  const chunks = [...(body.length > 0 ? [Buffer.from(size), body, Buffer.from("\r\n")] : []), Buffer.from("0\r\n\r\n")];
  return Buffer.concat([Buffer.from(`${head}\r\n\r\n`, "latin1"), ...(chunked ? chunks : [body])]);
}

/** The first, if several requests were sent; `undefined`: there was none before the client hung up. */
export function readAnswer(bytes: Buffer): HttpAnswer | undefined {
  const end = bytes.indexOf("\r\n\r\n");
  const [first = "", ...lines] = bytes.subarray(0, Math.max(0, end)).toString("latin1").split("\r\n");
  const status = /^HTTP\/1\.1 (\d{3}) /.exec(first)?.[1];
  if (status === undefined) return undefined;
  const pairs = lines.map(
    (line) => [line.split(":", 1)[0]?.toLowerCase() ?? "", line.replace(/^[^:]*: ?/, "")] as const,
  );
  const headers: Readonly<Record<string, string>> = Object.fromEntries(pairs);
  const rest = bytes.subarray(end + 4);
  // What follows is the answer to what followed; of a HEAD it follows at once, whatever the length says.
  const length = rest.indexOf("HTTP/1.1 ") === 0 ? 0 : Number(headers["content-length"] ?? rest.length);
  const own = rest.subarray(0, length);
  const body = headers["transfer-encoding"] === "chunked" ? unchunked(rest) : own;
  return { statusCode: Number(status), headers, payload: body.toString("utf8") };
}

function unchunked(bytes: Buffer): Buffer {
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    const end = bytes.indexOf("\r\n", at);
    const length = Number.parseInt(bytes.subarray(at, end).toString("latin1"), 16);
    if (end < 0 || !(length > 0)) break;
    pieces.push(bytes.subarray(end + 2, end + 2 + length));
    at = end + 4 + length;
  }
  return Buffer.concat(pieces);
}

/** Of a server that has to answer. */
const longPatienceMs = 60_000;

/** One request that has to be answered. */
export async function ask(server: Server, request: HttpRequest): Promise<HttpAnswer> {
  const answer = readAnswer(await converse(server, { pieces: [requestBytes(request)], patienceMs: longPatienceMs }));
  if (answer === undefined) throw new Error(`${request.method} ${request.path} was not answered`);
  return answer;
}
