/** A server that answers as a test says, over real HTTP, and keeps what it was asked. It knows nothing of GitHub. */
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { noon } from "../../fixtures/records";

export interface Asked {
  readonly method: string;
  /** Without `/api/v3`, with its query. */
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

export interface Answer {
  readonly status: number;
  readonly body?: unknown;
  /** Instead of `body`: as it is. */
  readonly text?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** `hang`: no answer; `half`: headers and no end; `drop`: the connection breaks. */
export type Reply = Answer | "hang" | "half" | "drop";
/** By how often it was asked so far, from 1. */
export type Script = Reply | ((asked: Asked, times: number) => Reply | Promise<Reply>);

export const ok = (body: unknown, headers: Readonly<Record<string, string>> = {}): Answer => ({
  status: 200,
  body,
  headers,
});
export const no = (status: number, message: string, headers: Readonly<Record<string, string>> = {}): Answer => ({
  status,
  body: { message },
  headers,
});

/** One that starts anew for every test of the file, or of the block it is made in. */
export function scriptedGithub(): ScriptedGithub {
  const github = new ScriptedGithub();
  beforeEach(() => github.start());
  afterEach(() => github.stop());
  return github;
}

export class ScriptedGithub {
  readonly asked: Asked[] = [];
  /** Its clock, in every answer's `Date`. */
  now = noon;
  private readonly scripts = new Map<string, Script>();
  private readonly times = new Map<string, number>();
  private server: Server | null = null;

  get url(): string {
    const address = this.server?.address() as AddressInfo;
    return `http://127.0.0.1:${address.port}`;
  }

  /** Knows nothing of an earlier life. */
  async start(): Promise<this> {
    this.asked.length = 0;
    this.now = noon;
    this.scripts.clear();
    this.times.clear();
    const server = createServer((request, response) => void this.handle(request, response));
    this.server = server;
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return this;
  }

  async stop(): Promise<void> {
    this.server?.closeAllConnections();
    await new Promise((resolve) => this.server?.close(resolve));
  }

  /** `GET /orgs/acme/installation`; with or without its query, the exact one first. */
  on(call: string, script: Script): this {
    this.scripts.set(call, script);
    return this;
  }

  /** What was asked, as `GET /path?query`. */
  get calls(): string[] {
    return this.asked.map(({ method, path }) => `${method} ${path}`);
  }

  count(call: string): number {
    return this.calls.filter((made) => made === call || made.split("?")[0] === call).length;
  }

  private async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { method = "GET", url = "/", headers } = request;
    const asked: Asked = {
      method,
      path: url.replace(/^\/api\/v3/, ""),
      headers,
      body: Buffer.concat(chunks).toString(),
    };
    this.asked.push(asked);
    send(await this.replyTo(asked), { response, now: this.now });
  }

  private replyTo(asked: Asked): Reply | Promise<Reply> {
    const exact = `${asked.method} ${asked.path}`;
    const call = this.scripts.has(exact) ? exact : (exact.split("?")[0] ?? exact);
    const script = this.scripts.get(call) ?? no(404, "Not Found");
    const times = (this.times.get(call) ?? 0) + 1;
    this.times.set(call, times);
    return typeof script === "function" ? script(asked, times) : script;
  }
}

function send(reply: Reply, { response, now }: { response: ServerResponse; now: number }): void {
  if (reply === "hang") return;
  if (reply === "drop") return void response.destroy();
  if (reply === "half") {
    response.writeHead(200, { "content-type": "application/json", "content-length": "1000" });
    return void response.write("{");
  }
  const { status, body, text, headers = {} } = reply;
  response.writeHead(status, {
    "content-type": "application/json; charset=utf-8",
    date: new Date(now).toUTCString(),
    ...headers,
  });
  response.end(text ?? (body === undefined ? "" : JSON.stringify(body)));
}
