/**
 * The server's side of the agent protocol, over real HTTP: keeps what agents report as a real server would, and fails
 * on request. It can die and come back on another port, with everything it knew.
 */
import { writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import type {
  AgentEvent,
  AgentOrders,
  Assignment,
  EnrolRequest,
  HeartbeatRequest,
  ReportRequest,
} from "../../runtime/core/agent-protocol";

export type Endpoint = "enrol" | "report" | "heartbeat" | "bundle";

/** What becomes of the next request to an endpoint. `drop`: never seen. `drop-answer`: done, but nobody is told. */
export type Mishap =
  | "drop"
  | "drop-answer"
  | { readonly status: number; readonly retryAfter?: number; readonly location?: string; readonly body?: object };

export interface FakeServerOptions {
  readonly urlFile: string;
  /** Listens on this Unix socket instead of a port. */
  readonly socket?: string;
  readonly assignment?: Assignment;
  readonly bundle?: Uint8Array;
  /** Nothing more of a job's log is kept. */
  readonly logLimit?: number;
}

export const fakeRunner = "r1234567";
const lease = "lease-of-the-runner";

export class FakeAgentServer {
  readonly events: AgentEvent[] = [];
  readonly requests: { readonly endpoint: Endpoint; readonly body: unknown; readonly bearer: string | undefined }[] =
    [];
  log = Buffer.alloc(0);
  /** The size of the log when `finished` came in. */
  logAtFinish: number | null = null;
  assignment: Assignment | null;
  cancel = false;
  drain = false;
  /** Every report and heartbeat is refused as stale. */
  stale = false;
  onReport: (report: ReportRequest) => void = () => undefined;
  private readonly options: FakeServerOptions;
  private readonly mishaps = new Map<Endpoint, Mishap[]>();
  private http: Server | undefined;
  private waiting: (() => void)[] = [];
  private watchers: (() => void)[] = [];

  constructor(options: FakeServerOptions) {
    this.options = options;
    this.assignment = options.assignment ?? null;
  }

  /** Of a server on a socket: an address where nobody listens. */
  get url(): string {
    if (this.options.socket !== undefined) return "http://127.0.0.1:1";
    return `http://127.0.0.1:${(this.http?.address() as AddressInfo).port}`;
  }

  /** On a free port that is not the last one, or on the socket it always has. */
  async start(): Promise<void> {
    const http = createServer((request, response) => {
      this.handle(request, response).catch(() => response.destroy());
    });
    const { socket } = this.options;
    await new Promise<void>((resolve) => {
      if (socket === undefined) http.listen(0, "127.0.0.1", resolve);
      else http.listen(socket, resolve);
    });
    this.http = http;
    await writeFile(this.options.urlFile, JSON.stringify({ url: this.url, pid: process.pid }));
  }

  /** As with `kill -9`: open connections break, the file with the address stays. */
  async die(): Promise<void> {
    const { http } = this;
    this.http = undefined;
    if (http === undefined) return;
    const closed = new Promise((resolve) => http.close(resolve));
    http.closeAllConnections();
    await closed;
  }

  /** The next requests to `endpoint` meet these, one each. */
  plan(endpoint: Endpoint, ...mishaps: readonly Mishap[]): void {
    this.mishaps.set(endpoint, [...(this.mishaps.get(endpoint) ?? []), ...mishaps]);
  }

  /** Lets held heartbeats see what changed. */
  tell(change: Partial<Pick<FakeAgentServer, "cancel" | "drain" | "assignment" | "stale">>): void {
    Object.assign(this, change);
    const { waiting } = this;
    this.waiting = [];
    for (const answer of waiting) answer();
  }

  /** Resolves once `condition` holds, looked at before and after every request. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.watchers.push(resolve));
  }

  has(type: AgentEvent["type"]): boolean {
    return this.events.some((event) => event.type === type);
  }

  get finished(): AgentEvent & { readonly type: "finished" } {
    const found = this.events.find((event) => event.type === "finished");
    if (found === undefined) throw new Error("no finished event");
    return found;
  }

  private async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const endpoint = (request.url ?? "").replace("/agent/v1/", "") as Endpoint;
    const raw = await text(request);
    const body: unknown = raw === "" ? null : JSON.parse(raw);
    const mishap = this.mishaps.get(endpoint)?.shift();
    if (mishap !== "drop") this.requests.push({ endpoint, body, bearer: request.headers.authorization });
    this.look();
    if (mishap === undefined) await this.answer(endpoint, { request, body, response });
    else if (mishap === "drop") response.destroy();
    else if (mishap === "drop-answer") {
      this.apply(endpoint, body);
      response.destroy();
    } else {
      if (mishap.retryAfter !== undefined) response.setHeader("retry-after", mishap.retryAfter);
      if (mishap.location !== undefined) response.setHeader("location", mishap.location);
      send(response, mishap.status, mishap.body ?? {});
    }
    this.look();
  }

  private look(): void {
    for (const watcher of this.watchers.splice(0)) watcher();
  }

  private async answer(endpoint: Endpoint, exchange: Exchange): Promise<void> {
    const { request, response, body } = exchange;
    if (endpoint === "enrol") return send(response, 200, this.enrolment(body as EnrolRequest));
    if (request.headers.authorization !== `Bearer ${lease}`) return send(response, 401, {});
    if (this.stale) return send(response, 409, { error: { code: "stale-attempt" } });
    if (endpoint === "bundle") return void response.end(this.options.bundle);
    if (endpoint === "report") this.apply(endpoint, body);
    const before = JSON.stringify(this.orders());
    if (endpoint === "heartbeat" && before === JSON.stringify(this.quiet())) {
      await this.hold((body as HeartbeatRequest).waitMs, response);
    }
    if (this.stale) return send(response, 409, { error: { code: "stale-attempt" } });
    send(response, 200, this.orders());
  }

  private enrolment(request: EnrolRequest): object {
    if (request.proof.kind === "token" && request.proof.token !== "boot-token") throw new Error("wrong boot token");
    const executor = { kind: "command", payload: "" };
    return { runner: fakeRunner, profile: "default", lease, executor, heartbeatMs: 10_000 };
  }

  private apply(endpoint: Endpoint, body: unknown): void {
    if (endpoint !== "report") return;
    const report = body as ReportRequest;
    if (report.log !== undefined) this.appendLog(report.log.offset, Buffer.from(report.log.data, "base64"));
    for (const event of report.events) {
      if (this.has(event.type)) continue;
      this.events.push(event);
      if (event.type === "finished") this.logAtFinish = this.log.length;
    }
    this.onReport(report);
  }

  private appendLog(offset: number, data: Buffer): void {
    if (offset > this.log.length) return;
    const grown = Buffer.concat([this.log, data.subarray(this.log.length - offset)]);
    this.log = grown.subarray(0, this.options.logLimit ?? grown.length);
  }

  private orders(): AgentOrders {
    const assignment = this.has("listening") && !this.has("started") ? this.assignment : null;
    return { logOffset: this.log.length, assignment, cancel: this.cancel, drain: this.drain };
  }

  private quiet(): AgentOrders {
    return { logOffset: this.log.length, assignment: null, cancel: false, drain: false };
  }

  private async hold(waitMs: number, response: ServerResponse): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, waitMs);
      const done = (): void => {
        clearTimeout(timer);
        resolve();
      };
      this.waiting.push(done);
      response.on("close", done);
    });
  }
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly body: unknown;
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}
