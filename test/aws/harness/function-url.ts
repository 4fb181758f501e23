/** The public address of a function: HTTP in, the event of a function URL out, and its answer back. */
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import type { ProxyAnswer, ProxyEvent } from "../../../runtime/entry/lambda/proxy-event";
import { doors } from "../requests";

export class FunctionUrl {
  readonly url: string;
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  static async open(invoke: (event: ProxyEvent) => Promise<ProxyAnswer>): Promise<FunctionUrl> {
    const server = createServer((request, response) => {
      const answered = async (): Promise<void> => {
        const { method = "GET", url = "/" } = request;
        const { pathname: path, searchParams } = new URL(url, "http://function");
        const headers = Object.fromEntries(
          Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
        );
        const query = Object.fromEntries(searchParams);
        const event = doors["a function URL"]({ method, path, query, headers, body: await buffer(request) });
        const answer = await invoke(event);
        const body = Buffer.from(answer.body, answer.isBase64Encoded ? "base64" : "utf8");
        const { "content-length": _, ...rest } = answer.headers;
        response.writeHead(answer.statusCode, rest).end(body);
      };
      // As Lambda answers for a function that fails.
      answered().catch(() => response.writeHead(502, { "content-type": "application/json" }).end('{"message":null}'));
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return new FunctionUrl(server);
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }
}
