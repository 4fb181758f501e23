/** HTTP on loopback: reads requests, hands them on, writes the answers. */
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Refusal, toJson } from "./reply";

export interface HttpRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly text: string;
  readonly onClose: (gone: () => void) => void;
}

export interface HttpReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

/** `null` from `answer` breaks the connection. */
export class HttpServer {
  private readonly answer: (request: HttpRequest) => Promise<HttpReply | null>;
  private server: Server | undefined;

  constructor(answer: (request: HttpRequest) => Promise<HttpReply | null>) {
    this.answer = answer;
  }

  /** The address, `http://127.0.0.1:PORT`. */
  async start(port: number): Promise<string> {
    const server = createServer((request, response) => void this.handle(request, response));
    this.server = server;
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject).listen(port, "127.0.0.1", resolve);
    });
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    const { server } = this;
    if (server === undefined) return;
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  }

  private async handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const reply = await this.reply(incoming, response).catch((error: unknown) => errorReply(error));
    if (reply === null) {
      incoming.socket.destroy();
      return;
    }
    response.writeHead(reply.status, reply.headers).end(reply.text);
  }

  private async reply(incoming: IncomingMessage, response: ServerResponse): Promise<HttpReply | null> {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const { method = "GET", url = "/", headers } = incoming;
    const single = Object.entries(headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(", ") : value,
    ]);
    return this.answer({
      method,
      url: new URL(url, `http://${headers.host ?? "127.0.0.1"}`),
      headers: Object.fromEntries(single) as Readonly<Record<string, string | undefined>>,
      text: Buffer.concat(chunks).toString("utf8"),
      onClose: (gone) => response.once("close", gone),
    });
  }
}

/** Of the private side; the REST API turns its refusals into answers itself. */
function errorReply(error: unknown): HttpReply {
  const status = error instanceof Refusal ? error.status : 500;
  const message = error instanceof Error ? error.message : String(error);
  return { status, headers: { "content-type": "application/json" }, text: toJson({ message }) };
}
