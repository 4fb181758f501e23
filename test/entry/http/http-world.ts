/** A server on a free loopback port over the in-memory ports, and a client that sees status, head and body. */
import { request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from "node:http";
import { connect } from "node:net";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import type { FastifyInstance } from "fastify";
import type { Files, JobSource, LogFields, Ports } from "../../../runtime/core/ports";
import type { Settings } from "../../../runtime/core/settings";
import { inProcessChanges, observedFiles, observedLedger, type Changes } from "../../../runtime/entry/local/changes";
import type { HttpDeps } from "../../../runtime/entry/http/context";
import { liveCounts } from "../../../runtime/entry/http/live-counts";
import { httpServer } from "../../../runtime/entry/http/server";
import { storedDeliveries } from "../../../runtime/entry/host/stored-deliveries";
import { prometheusMeter } from "../../../runtime/entry/local/prometheus-meter";
import { work } from "../../../runtime/flow/work";
import { apiSource } from "../../../runtime/sources/api";
import { World } from "../../fakes/flow-world";
import { noon, someSettings } from "../../fixtures/records";

export const token = "the-server-token";

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** The body as JSON. */
  json<T = Record<string, unknown>>(): T;
  /** `error.code`, "" for a success. */
  readonly code: string;
}

export interface Ask {
  readonly method?: "GET" | "POST" | "HEAD";
  /** Sent as JSON, unless it is text or bytes. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** `null`: none. */
  readonly bearer?: string | null;
}

export interface HttpWorldOptions {
  readonly settings?: Settings;
  readonly sources?: readonly JobSource[];
  readonly deps?: Partial<HttpDeps>;
  readonly ports?: (ports: Ports) => Ports;
}

export class HttpWorld {
  readonly world: World;
  readonly ports: Ports;
  readonly changes: Changes;
  readonly logged: { readonly level: string; readonly sentence: string; readonly fields: LogFields }[] = [];
  readonly app: FastifyInstance;
  accepting = true;
  /** How many listen to changes, or wait for one. */
  listeners = 0;
  /** Keys under which a bundle was begun to be stored. */
  readonly bundlesStored: string[] = [];
  /** Resolves when the first byte of a bundle was given to be stored. */
  readonly storing: Promise<void>;
  /** Resolves when a bundle was dropped. */
  readonly dropped: Promise<void>;

  constructor({
    settings = someSettings(),
    sources = [apiSource()],
    deps = {},
    ports = (same) => same,
  }: HttpWorldOptions) {
    this.world = new World(settings, sources);
    const note =
      (level: string) =>
      (sentence: string, fields: LogFields = {}) => {
        this.logged.push({ level, sentence, fields });
      };
    const log = { debug: note("debug"), info: note("info"), warn: note("warn"), error: note("error") };
    this.changes = this.counted(inProcessChanges({ log }));
    const ledger = observedLedger(this.world.ledger, this.changes);
    const { queue } = this.world.ports;
    const meter = prometheusMeter({
      live: () =>
        liveCounts(
          ledger,
          settings.profiles.map(({ name }) => name),
        ),
      queueDepth: () => queue.depth(),
      changes: this.changes,
      log,
    });
    const tell = { storing: (): void => undefined, dropped: (): void => undefined };
    this.storing = new Promise((resolve) => (tell.storing = resolve));
    this.dropped = new Promise((resolve) => (tell.dropped = resolve));
    const files = this.watchedFiles(observedFiles(this.world.files, this.changes), tell);
    this.ports = ports({ ...this.world.ports, ledger, files, meter, log });
    this.app = httpServer({
      ports: this.ports,
      token,
      changes: this.changes,
      version: "1.2.3",
      startedAt: noon,
      ready: async () => [{ name: "ledger", ok: true }],
      accepting: () => this.accepting,
      stored: storedDeliveries(),
      meter,
      logger: log,
      ...deps,
    });
  }

  private counted(changes: Changes): Changes {
    const counted = (unsubscribe: () => void): (() => void) => {
      this.listeners += 1;
      return () => {
        this.listeners -= 1;
        unsubscribe();
      };
    };
    return {
      publish: (change) => changes.publish(change),
      subscribe: (listener) => counted(changes.subscribe(listener)),
      wait: async (match, timeoutMs, signal) => {
        const done = counted(() => undefined);
        return changes.wait(match, timeoutMs, signal).finally(done);
      },
    };
  }

  private watchedFiles(files: Files, tell: { readonly storing: () => void; readonly dropped: () => void }): Files {
    return {
      ...files,
      putBundle: (job, content) => {
        this.bundlesStored.push(job);
        return files.putBundle(job, telling(content, tell.storing));
      },
      dropBundle: async (job) => {
        await files.dropBundle(job);
        tell.dropped();
      },
    };
  }

  get port(): number {
    return (this.app.server.address() as AddressInfo).port;
  }

  /** Works the queue off, so that what is written is told. */
  async pump(): Promise<void> {
    for (;;) {
      const received = await this.ports.queue.receive(10, 0);
      if (received.length === 0) return;
      for (const { id, message } of received) {
        await work(message, this.ports);
        await this.ports.queue.done(id);
      }
    }
  }

  /** Resolves with the head; the body is to be read. */
  open(path: string, { method, body, headers = {}, bearer = token }: Ask = {}): Promise<IncomingMessage> {
    const isRaw = typeof body === "string" || body instanceof Uint8Array || body === undefined;
    const type = isRaw ? {} : { "content-type": "application/json" };
    const authorization = bearer === null ? {} : { authorization: `Bearer ${bearer}` };
    return new Promise((resolve, reject) => {
      const sent = httpRequest({
        ...{ host: "127.0.0.1", port: this.port, path, agent: false },
        method: method ?? (body === undefined ? "GET" : "POST"),
        headers: { ...type, ...authorization, ...headers },
      });
      sent.once("response", resolve);
      sent.once("error", reject);
      sent.end(isRaw ? body : JSON.stringify(body));
    });
  }

  async ask(path: string, ask: Ask = {}): Promise<Answer> {
    const message = await this.open(path, ask);
    const body = await text(message);
    const json = <T>(): T => JSON.parse(body) as T;
    const failed = message.headers["content-type"]?.startsWith("application/json") && (message.statusCode ?? 0) >= 400;
    const code = failed ? (json<{ error?: { code: string } }>().error?.code ?? "") : "";
    return { status: message.statusCode ?? 0, headers: message.headers, text: body, json, code };
  }

  /** Sends bytes as they are and resolves with all that came back. */
  raw(bytes: string | Uint8Array): Promise<string> {
    return new Promise((resolve) => {
      const socket = connect(this.port, "127.0.0.1", () => socket.write(bytes));
      let answer = "";
      socket.on("data", (chunk) => (answer += chunk.toString("latin1")));
      socket.on("error", () => undefined);
      socket.on("close", () => resolve(answer));
    });
  }

  /** A job handed in with everything but the command left out. */
  async submit(spec: object = {}): Promise<{ key: string; id: string; state: string; profile: string }> {
    const answer = await this.ask("/api/v1/jobs", { body: { command: ["true"], ...spec } });
    return answer.json();
  }
}

async function* telling(content: AsyncIterable<Uint8Array>, tell: () => void): AsyncGenerator<Uint8Array> {
  for await (const chunk of content) {
    tell();
    yield chunk;
  }
}

/** Closed by `closeAll`, which belongs into `afterEach`. */
const running: HttpWorld[] = [];

export async function startWorld(options: HttpWorldOptions = {}): Promise<HttpWorld> {
  const started = new HttpWorld(options);
  await started.app.listen({ host: "127.0.0.1", port: 0 });
  running.push(started);
  return started;
}

export async function closeAll(): Promise<void> {
  for (const { app } of running.splice(0)) {
    app.server.closeAllConnections();
    await app.close();
  }
}

/** Neither a job nor a bundle: what was refused or broke off was never there. */
export async function nothingLeft(server: HttpWorld): Promise<void> {
  expect((await server.ports.ledger.listJobs({ limit: 10 })).items).toEqual([]);
  for (const key of server.bundlesStored) expect(await server.ports.files.openBundle(key)).toBeUndefined();
}
