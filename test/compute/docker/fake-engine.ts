/**
 * A Docker Engine API on a Unix socket, as far as machines need it, written from its reference
 * (https://docs.docker.com/reference/api/engine/) and from what Podman answers. It can be told to misbehave.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { type IncomingMessage, type Server, type ServerResponse, createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { containerAnswers } from "./fake-containers";
import { EngineState, type FakeImage } from "./fake-engine-state";

/** What becomes of one call: an answer of its own, or no answer at all. */
export interface Trouble {
  /** Begins with the method: `POST /containers/[^/]+/start`. */
  readonly at: RegExp;
  readonly answer?: { readonly status: number; readonly message: string };
  /** The connection is cut instead of an answer. */
  readonly cut?: true;
  /** The engine does what it was asked to first. */
  readonly afterwards?: true;
  /** How often. @default 1 */
  times?: number;
}

export interface Reply {
  readonly status: number;
  readonly json?: unknown;
  /** Lines sent one by one; the answer goes on until the generator ends. */
  readonly stream?: AsyncIterable<string>;
  readonly raw?: Buffer;
}

export interface Call {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
  readonly json: Record<string, unknown>;
}

export class FakeEngine {
  readonly socket: string;
  readonly folder: string;
  readonly state = new EngineState();
  readonly calls: Call[] = [];
  info: Record<string, unknown> = {
    ...{ OSType: "linux", Architecture: "x86_64" },
    ...{ MemoryLimit: true, CpuCfsQuota: true, PidsLimit: true, SecurityOptions: ["name=seccomp,profile=builtin"] },
  };
  /** What registries have, by the name it is asked for; an array of lines is what a pull of it answers. */
  readonly registry = new Map<string, FakeImage | readonly string[]>();
  readonly troubles: Trouble[] = [];
  /** Each pull waits for it before it ends. */
  pullGate: Promise<void> = Promise.resolve();
  readonly #server: Server;

  private constructor(folder: string) {
    this.folder = folder;
    this.socket = join(folder, "engine.sock");
    this.#server = createServer((request, response) => void this.#answer(request, response));
  }

  static async open(): Promise<FakeEngine> {
    const engine = new FakeEngine(await mkdtemp(join(tmpdir(), "onejob-engine-")));
    await engine.listen();
    return engine;
  }

  listen(): Promise<void> {
    return new Promise((resolve) => this.#server.listen(this.socket, resolve));
  }

  /** As a stopped engine: its socket is gone. */
  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async close(): Promise<void> {
    this.state.endWaits();
    if (this.#server.listening) await this.stop();
    await rm(this.folder, { recursive: true, force: true });
  }

  called(pattern: RegExp): readonly Call[] {
    return this.calls.filter(({ method, path }) => pattern.test(`${method} ${path}`));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const call = await readCall(request);
      this.calls.push(call);
      const trouble = this.#troubleFor(call);
      const reply = trouble === undefined || trouble.afterwards ? await this.#perform(call) : undefined;
      if (trouble?.cut) return void request.socket.destroy();
      const { answer } = trouble ?? {};
      const refused = answer && { status: answer.status, json: { message: answer.message } };
      await send(response, refused ?? reply ?? { status: 500 });
    } catch (error) {
      // The client left, or the fake is wrong: a status that no test expects.
      if (!response.headersSent) await send(response, { status: 599, json: { message: String(error) } });
    }
  }

  #troubleFor({ method, path }: Call): Trouble | undefined {
    const found = this.troubles.find(({ at, times = 1 }) => times > 0 && at.test(`${method} ${path}`));
    if (found !== undefined) found.times = (found.times ?? 1) - 1;
    return found;
  }

  async #perform(call: Call): Promise<Reply> {
    const { method, path, query } = call;
    const { state } = this;
    const image = /^\/images\/(.+)\/json$/.exec(path)?.[1];
    if (method === "GET" && path === "/info") return { status: 200, json: this.info };
    if (method === "GET" && image !== undefined) {
      const found = state.images.get(image);
      return found === undefined
        ? absent(`No such image: ${image}`)
        : { status: 200, json: { Id: "i", Config: found } };
    }
    if (method === "POST" && path === "/images/create") return this.#pull(query.get("fromImage") ?? "");
    if (path.startsWith("/containers/")) return containerAnswers(state, call);
    if (path.startsWith("/volumes")) return volumeAnswers(state, call);
    return absent(`page not found: ${method} ${path}`);
  }

  #pull(name: string): Reply {
    const { state, registry, pullGate } = this;
    const found = registry.get(name);
    async function* lines(): AsyncGenerator<string> {
      if (found === undefined) {
        yield `{"errorDetail":{"message":"manifest for ${name} not found: manifest unknown"},"error":"manifest for ${name} not found: manifest unknown"}\n`;
        return;
      }
      if (Array.isArray(found)) return yield* found as readonly string[];
      yield `{"status":"Pulling from ${name}"}\n{"status":"Downloading","id":"a1","progressDetail":{"current":45,"total":100}}\n`;
      await pullGate;
      yield '{"status":"Pull complete","id":"a1","progressDetail":{}}\n';
      state.images.set(name, found as FakeImage);
    }
    return { status: 200, stream: lines() };
  }
}

function volumeAnswers(state: EngineState, { method, path, json }: Call): Reply {
  const name = path.slice("/volumes/".length);
  if (method === "POST" && name === "create") return { status: 201, json: state.makeVolume(String(json["Name"])) };
  if (method === "GET") return { status: 200, json: { Volumes: [...state.volumes.keys()].map((Name) => ({ Name })) } };
  if (!state.volumes.has(name)) return absent(`get ${name}: no such volume`);
  if (state.usersOf(name).length > 0) return { status: 409, json: { message: `remove ${name}: volume is in use` } };
  state.volumes.delete(name);
  return { status: 204 };
}

export function absent(message: string): Reply {
  return { status: 404, json: { message } };
}

async function readCall(request: IncomingMessage): Promise<Call> {
  const body = await buffer(request);
  const url = new URL(request.url ?? "", "http://engine");
  const isJson = request.headers["content-type"] === "application/json";
  const json = isJson ? (JSON.parse(body.toString()) as Record<string, unknown>) : {};
  const path = decodeURIComponent(url.pathname);
  return { method: request.method ?? "", path, query: url.searchParams, headers: request.headers, body, json };
}

async function send(response: ServerResponse, { status, json, stream, raw }: Reply): Promise<void> {
  response.writeHead(status, { "content-type": raw === undefined ? "application/json" : "application/octet-stream" });
  for await (const line of stream ?? []) {
    response.write(line);
    await sleep(1);
  }
  response.end(raw ?? (json === undefined ? undefined : JSON.stringify(json)));
}
