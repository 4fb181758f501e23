/** A connection to a server without a network: bytes in, all that came back out, as a client that soon gives up sees it. */
import type { Server } from "node:http";
import { Duplex } from "node:stream";

/** The server's end. What `node:http` expects of a socket beyond a stream is here too. */
class Line extends Duplex {
  readonly remoteAddress = "127.0.0.1";
  bytesRead = 0;
  readonly #got: Buffer[] = [];

  get answer(): string {
    return Buffer.concat(this.#got).toString("latin1");
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
export async function converse(server: Server, { pieces, patienceMs }: Conversation): Promise<string> {
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
