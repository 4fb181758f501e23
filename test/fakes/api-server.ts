/**
 * A small server of the CLI's API over real HTTP: it keeps jobs in memory and does what a test tells it, breaking
 * connections and moving to another port included. It decides nothing itself.
 */
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { isFinal } from "../../runtime/core/lifecycle";
import type { JobSpec, JobView } from "../../runtime/cli/api-types";
import { jobFacts } from "../fixtures/cli-jobs";
import { readForm } from "./multipart-form";

export interface RecordedRequest {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

export interface Submission {
  readonly spec: JobSpec;
  readonly bundle: Buffer | null;
  readonly idempotencyKey: string | undefined;
}

/** `drop`: the connection breaks without an answer. `silence`: none comes. */
export type Reply = { readonly status: number; readonly body: unknown } | "drop" | "silence";

export class FakeApi {
  readonly token = "fake-token";
  readonly requests: RecordedRequest[] = [];
  readonly submissions: Submission[] = [];
  /** As a function: nothing is held open, no events, and only so much of a log in one answer. */
  heldOpen = true;
  mostLogBytes = Infinity;
  /** Answers of other paths, by "METHOD /path". */
  readonly answers = new Map<string, unknown>();
  /** What becomes of a submitted job. */
  onSubmit: (job: JobView) => void = () => undefined;
  onCancel: (job: JobView) => void = (job) => this.end(job.key, { state: "cancelled", reason: "cancelled-by-user" });
  private readonly jobs = new Map<string, JobView>();
  private readonly logs = new Map<string, Buffer>();
  private readonly replies = new Map<string, Reply[]>();
  private readonly followers = new Map<ServerResponse, string>();
  private readonly watchers = new Set<ServerResponse>();
  private server: Server | null = null;

  get url(): string {
    const address = this.server?.address() as AddressInfo;
    return `http://127.0.0.1:${address.port}`;
  }

  /** On a free port, or on a Unix socket. */
  async start(socket?: string): Promise<this> {
    const server = createServer((request, response) => void this.handle(request, response));
    this.server = server;
    await new Promise<void>((resolve) => {
      if (socket === undefined) server.listen(0, "127.0.0.1", resolve);
      else server.listen(socket, resolve);
    });
    return this;
  }

  /** Breaks every connection; `start` comes back on another port with the same jobs. */
  async stop(): Promise<void> {
    const { server } = this;
    this.server = null;
    this.followers.clear();
    this.watchers.clear();
    server?.closeAllConnections();
    await new Promise<void>((resolve) => (server ? server.close(() => resolve()) : resolve()));
  }

  breakConnections(): void {
    this.server?.closeAllConnections();
  }

  addJob(facts: Partial<JobView> = {}): JobView {
    const job = jobFacts({ id: `01jtest${String(this.jobs.size).padStart(19, "0")}`, ...facts });
    this.jobs.set(job.key, job);
    return job;
  }

  change(key: string, facts: Partial<JobView>): JobView {
    const job = { ...this.job(key), ...facts };
    this.jobs.set(key, job);
    for (const watcher of this.watchers) watcher.write(`event: job\ndata: ${JSON.stringify(job)}\n\n`);
    return job;
  }

  log(key: string, text: string): void {
    this.logs.set(key, Buffer.concat([this.logs.get(key) ?? Buffer.alloc(0), Buffer.from(text)]));
    for (const [response, followed] of this.followers) {
      if (followed === key && !response.writableEnded) response.write(text);
    }
  }

  end(key: string, facts: Partial<JobView>): void {
    this.change(key, { finishedAt: "2030-01-01T00:00:09.000Z", ...facts });
    for (const [response, followed] of this.followers) if (followed === key) response.end();
  }

  job(key: string): JobView {
    const job = this.jobs.get(key);
    if (job === undefined) throw new Error(`the fake has no job ${key}`);
    return job;
  }

  /** The next such request gets this instead; several are taken in turn. */
  replyNext(call: string, reply: Reply): void {
    this.replies.set(call, [...(this.replies.get(call) ?? []), reply]);
  }

  isFollowed(key: string): boolean {
    return [...this.followers.values()].includes(key);
  }

  get watched(): boolean {
    return this.watchers.size > 0;
  }

  private async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", "http://fake");
    const raw = await body(request);
    const method = request.method ?? "GET";
    const query = Object.fromEntries(url.searchParams);
    const call = { method, path: url.pathname, query, headers: request.headers, body: raw.toString("latin1") };
    this.requests.push(call);
    const reply = this.replies.get(`${method} ${url.pathname}`)?.shift();
    if (reply === "drop") return void request.socket.destroy();
    if (reply === "silence") return;
    if (reply !== undefined) return send(response, reply.status, reply.body);
    const { authorization = "" } = request.headers;
    // A fleet's clients sign instead; whether that is right is AWS's to find out.
    const known = authorization === `Bearer ${this.token}` || authorization.startsWith("AWS4-HMAC-SHA256 ");
    const open = url.pathname === "/ready" || known;
    if (!open) return fail(response, 401, "unauthorised");
    this.route(call, raw, response);
  }

  private route(call: RecordedRequest, raw: Buffer, response: ServerResponse): void {
    const known = this.answers.get(`${call.method} ${call.path}`);
    if (known !== undefined) return send(response, 200, known);
    if (call.path === "/api/v1/events") return this.heldOpen ? this.watch(response) : fail(response, 404, "not-found");
    if (call.path === "/api/v1/jobs" && call.method === "POST") return this.submit(call, raw, response);
    if (call.path === "/api/v1/jobs") return send(response, 200, { items: [...this.jobs.values()], nextCursor: null });
    const [, wanted = "", rest = ""] = /^\/api\/v1\/jobs\/([^/]+)(\/.*)?$/.exec(call.path) ?? [];
    const job = this.find(decodeURIComponent(wanted));
    if (job === undefined) return fail(response, 404, "not-found");
    if (rest === "") return send(response, 200, job);
    if (rest === "/logs") return this.follow(call, job, response);
    if (rest === "/cancel") {
      this.onCancel(job);
      return send(response, 202, {});
    }
    return fail(response, 404, "not-found");
  }

  private find(wanted: string): JobView | undefined {
    return [...this.jobs.values()].find(({ key, id, url }) => [key, id, url].includes(wanted) || id.startsWith(wanted));
  }

  private submit(call: RecordedRequest, raw: Buffer, response: ServerResponse): void {
    const form = readForm(call.headers["content-type"] ?? "", raw);
    const spec = JSON.parse((form.get("spec") ?? Buffer.from("{}")).toString("utf8")) as JobSpec;
    const idempotencyKey = call.headers["idempotency-key"]?.toString();
    this.submissions.push({ spec, bundle: form.get("bundle") ?? null, idempotencyKey });
    const job = this.addJob({ labels: spec.labels, name: spec.name ?? spec.command.join(" ") });
    send(response, 201, job);
    this.onSubmit(job);
  }

  private follow({ query }: RecordedRequest, { key }: JobView, response: ServerResponse): void {
    const log = this.logs.get(key) ?? Buffer.alloc(0);
    const state = this.heldOpen ? {} : { "x-onejob-job-state": this.job(key).state };
    response.writeHead(200, { "content-type": "text/plain", "x-onejob-log-size": log.length, ...state });
    response.flushHeaders();
    const rest = log.subarray(Number(query.offset ?? 0)).subarray(0, this.mostLogBytes);
    if (rest.length > 0) response.write(rest);
    if (!this.heldOpen || query.follow !== "true" || isFinal(this.job(key).state)) return void response.end();
    this.followers.set(response, key);
    response.on("close", () => this.followers.delete(response));
  }

  private watch(response: ServerResponse): void {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(": welcome\n\n");
    this.watchers.add(response);
    response.on("close", () => this.watchers.delete(response));
  }
}

async function body(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  } catch {
    // The program broke off its upload; what it sent so far is all there is.
  }
  return Buffer.concat(chunks);
}

function send(response: ServerResponse, status: number, content: unknown): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(content));
}

function fail(response: ServerResponse, status: number, code: string): void {
  send(response, status, { error: { code, what: `the fake says ${code}`, fix: "mend it", retry: false } });
}
