/** A GitHub that knows one call: turning the code of a manifest into an app. Says what the test told it to. */
import { createServer } from "node:http";
import type { IncomingMessage } from "node:http";

export interface ForgeAnswer {
  readonly status: number;
  readonly body: unknown;
}

export const madeApp = {
  id: 4711,
  slug: "onejob-acme",
  html_url: "https://github.example.org/github-apps/onejob-acme",
  client_id: "Iv1.abc",
  client_secret: "client-hunter2",
  webhook_secret: "webhook-hunter2",
  pem: "-----BEGIN RSA PRIVATE KEY-----\nhunter2\n-----END RSA PRIVATE KEY-----\n",
};

export class ManifestForge {
  /** The answers in turn; the last one stays. */
  answers: ForgeAnswer[] = [{ status: 201, body: madeApp }];
  /** `POST /path` of every call. */
  readonly calls: string[] = [];
  private readonly server = createServer((request, response) => {
    this.calls.push(`${request.method} ${request.url}`);
    const { status, body } = this.next();
    const text = typeof body === "string" ? body : JSON.stringify(body);
    response.writeHead(status, { "content-type": "application/json", ...this.locate(request) }).end(text);
  });
  url = "";

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.server.listen(0, "127.0.0.1", resolve));
    const address = this.server.address();
    this.url = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
    return this;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private next(): ForgeAnswer {
    const [first = { status: 500, body: "" }] = this.answers.length > 1 ? this.answers.splice(0, 1) : this.answers;
    return first;
  }

  /** Redirects lead back here, so that a client that follows them is seen. */
  private locate(request: IncomingMessage): { location?: string } {
    return this.answers[0]?.status === 307 ? { location: `${this.url}/stolen${request.url ?? ""}` } : {};
  }
}
