/** The metadata service of an instance, version 2 only: without a session token it says nothing. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

const sessionToken = "session-of-imds";

export class FakeImds {
  /** What is there, by path below `/latest/meta-data/`. */
  readonly paths = new Map<string, string>();
  readonly asked: string[] = [];
  /** So many of the next requests get no answer. */
  breaks = 0;
  #taken = sessionToken;
  readonly #server: Server;

  constructor() {
    this.#server = createServer((request, response) => {
      const { method = "", url = "", headers } = request;
      this.asked.push(`${method} ${url}`);
      if (this.breaks > 0) {
        this.breaks -= 1;
        return void response.destroy();
      }
      if (method === "PUT" && url === "/latest/api/token") {
        response.statusCode = headers["x-aws-ec2-metadata-token-ttl-seconds"] === undefined ? 400 : 200;
        return void response.end(this.#taken);
      }
      const value = this.paths.get(url.replace("/latest/meta-data/", ""));
      const known = headers["x-aws-ec2-metadata-token"] === this.#taken;
      response.statusCode = known ? (value === undefined ? 404 : 200) : 401;
      response.end(known ? value : "");
    });
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** Tokens handed out so far are not taken any more. */
  forgetTokens(): void {
    this.#taken += "x";
  }

  /** An instance with a role, and tags. */
  become(machine: string, tags: Readonly<Record<string, string>>, secret = "the-secret"): void {
    const credentials = {
      AccessKeyId: `ASIA${machine.slice(2, 18).toUpperCase()}`,
      SecretAccessKey: secret,
      Token: "a/session+token==",
    };
    this.paths.set("instance-id", machine);
    this.paths.set("iam/security-credentials/", "a-role");
    this.paths.set("iam/security-credentials/a-role", JSON.stringify({ Code: "Success", ...credentials }));
    for (const [name, value] of Object.entries(tags)) this.paths.set(`tags/instance/${name}`, value);
  }
}
