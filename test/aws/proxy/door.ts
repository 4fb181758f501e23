/** One address of the proxy. Each function has its own, so that it is known who asks, and who died asks nothing more. */
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import type { Asked, AwsCall } from "./calls";
import type { Answer } from "./refusals";

export interface Arrived extends Asked {
  readonly rawHeaders: readonly string[];
}

type Answering = (asked: Arrived, door: Door) => Promise<Answer | undefined>;

/** The caller dies at its n-th call: `before` nothing of it was done, `after` all of it. */
export interface Death {
  readonly at: number;
  readonly when: "before" | "after";
  /** Only these are counted. @default all */
  readonly among?: (call: AwsCall) => boolean;
}

export class Door {
  readonly caller: string;
  readonly url: string;
  /** What came through, in order. */
  readonly passed: AwsCall[] = [];
  /** Resolves with the call in which the caller died. */
  readonly died: Promise<AwsCall>;
  #die: (call: AwsCall) => void = () => undefined;
  #death: Death | undefined;
  #counted = 0;
  #isShut = false;
  readonly #server: Server;

  private constructor(caller: string, server: Server) {
    this.caller = caller;
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    this.died = new Promise((resolve) => (this.#die = resolve));
  }

  static async open(caller: string, answering: Answering): Promise<Door> {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const door = new Door(caller, server);
    server.on("request", (request, response) => {
      const answered = async (): Promise<void> => {
        const { method = "GET", url: path = "/", headers, rawHeaders } = request;
        const header = (name: string): string | undefined => headers[name]?.toString();
        const asked = { method, path, header, rawHeaders, body: await buffer(request) };
        const answer = door.#isShut ? undefined : await answering(asked, door);
        if (door.#isShut) return;
        if (answer === undefined) return void response.destroy();
        response.writeHead(answer.status, [...answer.headers]).end(answer.body);
      };
      answered().catch((error: unknown) => {
        if (!response.headersSent) response.writeHead(502);
        response.end(String(error));
      });
    });
    return door;
  }

  /** Counted from the next call on. */
  dieAt(death: Death): void {
    this.#death = death;
    this.#counted = 0;
  }

  /** Carries out what was asked, unless the caller is dead by then. */
  async around(call: AwsCall, carryOut: () => Promise<Answer>): Promise<Answer | undefined> {
    if (this.#isShut) return undefined;
    this.passed.push(call);
    if (this.#death?.among?.(call) !== false) this.#counted += 1;
    const isLast = this.#death?.at === this.#counted && this.#death.among?.(call) !== false;
    if (isLast && this.#death?.when === "before") return this.#dieIn(call);
    if (isLast) this.#isShut = true;
    const answer = await carryOut();
    return isLast ? this.#dieIn(call) : answer;
  }

  /** Whoever asks is dead: nothing is carried out for it any more, and it hears nothing. */
  shut(): void {
    this.#isShut = true;
  }

  async close(): Promise<void> {
    this.#isShut = true;
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }

  #dieIn(call: AwsCall): undefined {
    this.#isShut = true;
    this.#die(call);
  }
}
