/**
 * The four requests of the protocol, each tried once. What came of it is a value; who calls decides about another try.
 * After a failure the address is read again before the next request, because the server may have moved.
 */
import type { IncomingMessage } from "node:http";
import type { AgentOrders, EnrolAnswer, EnrolRequest, HeartbeatRequest, ReportRequest } from "../core/agent-protocol";
import { parseEnrolAnswer, parseEnrolLater, parseOrders } from "./answers";
import { HttpConnections, readJson } from "./http";
import type { HttpRequest } from "./http";
import type { AgentOptions } from "./options";
import type { ServerAddress } from "./server-address";
import { errorText } from "../core/error-facts";

export type Reply<T> =
  | { readonly kind: "answer"; readonly value: T }
  | { readonly kind: "later"; readonly ms: number }
  /** The server knows us and wants nothing more of this. */
  | { readonly kind: "over"; readonly status: number }
  | { readonly kind: "failed"; readonly problem: string; readonly retryAfterMs: number | null };

export interface ServerClientParts {
  readonly address: ServerAddress;
  readonly options: AgentOptions;
  readonly uptimeMs: () => number;
  /** Told after each request that reached no server, with the time since the last one that did. */
  readonly onSilence: (silentMs: number) => void;
}

export class ServerClient {
  private readonly parts: ServerClientParts;
  private readonly connections = new HttpConnections();
  /** Only in memory: whoever could read it from disk could speak for this runner. */
  private lease: string | undefined;
  private silentSince: number | null = null;
  private moved = false;

  constructor(parts: ServerClientParts) {
    this.parts = parts;
  }

  async enrol(request: EnrolRequest, signal: AbortSignal): Promise<Reply<EnrolAnswer>> {
    const call = { method: "POST", json: request, signal, path: "/agent/v1/enrol" } as const;
    const reply = await this.call(call, (message) => this.readEnrolment(message));
    if (reply.kind === "answer") this.lease = reply.value.lease;
    return reply;
  }

  report(request: ReportRequest, signal: AbortSignal): Promise<Reply<AgentOrders>> {
    return this.call({ method: "POST", json: request, signal, path: "/agent/v1/report" }, readOrders);
  }

  heartbeat(request: HeartbeatRequest, signal: AbortSignal): Promise<Reply<AgentOrders>> {
    const call = {
      method: "POST",
      json: request,
      signal,
      path: "/agent/v1/heartbeat",
      heldMs: request.waitMs,
    } as const;
    return this.call(call, readOrders);
  }

  /** The body is still to be read. */
  bundle(signal: AbortSignal): Promise<Reply<IncomingMessage>> {
    return this.call(
      { method: "GET", signal, path: "/agent/v1/bundle" },
      async (message): Promise<Reply<IncomingMessage>> => {
        if (message.statusCode === 200) return { kind: "answer", value: message };
        await readJson(message);
        if (message.statusCode === 307) return this.fetch(message.headers.location ?? "", signal);
        return isOver(message) || message.statusCode === 404 ? overWith(message) : failed(message);
      },
    );
  }

  /** What is too large for the server lies elsewhere, and who keeps it there must not learn our lease. */
  private async fetch(location: string, signal: AbortSignal): Promise<Reply<IncomingMessage>> {
    try {
      const timeoutMs = this.parts.options.answerTimeoutMs;
      const message = await this.connections.send({ method: "GET", url: new URL(location), timeoutMs, signal });
      if (message.statusCode === 200) return { kind: "answer", value: message };
      message.resume();
      return message.statusCode === 404 ? overWith(message) : failed(message);
    } catch (error) {
      return { kind: "failed", problem: errorText(error), retryAfterMs: null };
    }
  }

  close(): void {
    this.connections.close();
  }

  private async readEnrolment(message: IncomingMessage): Promise<Reply<EnrolAnswer>> {
    const body = await readJson(message);
    if (message.statusCode === 200) return known(parseEnrolAnswer(body));
    if (message.statusCode === 202) return { kind: "later", ms: parseEnrolLater(body)?.retryAfterMs ?? 1_000 };
    const refused = message.statusCode === 401 || message.statusCode === 410;
    // Another server may have taken the old port; it refuses us because it never heard of us.
    return refused && !(await this.parts.address.refresh()) ? overWith(message) : failed(message);
  }

  private async call<T>(call: Call, read: (message: IncomingMessage) => Promise<Reply<T>>): Promise<Reply<T>> {
    if (this.moved) await this.parts.address.refresh();
    try {
      const message = await this.connections.send(this.toRequest(call));
      const reply = await read(message);
      this.heard(reply.kind === "failed" && !isBusy(message));
      return reply;
    } catch (error) {
      if (!call.signal.aborted) this.heard(true);
      return { kind: "failed", problem: errorText(error), retryAfterMs: null };
    }
  }

  private toRequest({ path, heldMs, ...rest }: Call): HttpRequest {
    const timeoutMs = this.parts.options.answerTimeoutMs + (heldMs ?? 0);
    const bearer = this.lease === undefined ? {} : { bearer: this.lease };
    return { ...rest, ...bearer, ...this.parts.address.resolve(path), timeoutMs };
  }

  private heard(nothing: boolean): void {
    this.moved = nothing;
    if (!nothing) {
      this.silentSince = null;
      return;
    }
    const now = this.parts.uptimeMs();
    this.silentSince ??= now;
    this.parts.onSilence(now - this.silentSince);
  }
}

type Call = Omit<HttpRequest, "url" | "socket" | "timeoutMs" | "bearer"> & {
  readonly path: string;
  readonly heldMs?: number;
};

async function readOrders(message: IncomingMessage): Promise<Reply<AgentOrders>> {
  const body = await readJson(message);
  if (message.statusCode === 200) return known(parseOrders(body));
  return isOver(message) ? overWith(message) : failed(message);
}

function known<T>(value: T | undefined): Reply<T> {
  if (value !== undefined) return { kind: "answer", value };
  return { kind: "failed", problem: "the answer makes no sense", retryAfterMs: null };
}

function isOver(message: IncomingMessage): boolean {
  return message.statusCode === 409 || message.statusCode === 410;
}

/** A server that says "not now" is there; one that does not know our path or lease is not ours. */
function isBusy({ statusCode = 0 }: IncomingMessage): boolean {
  return statusCode === 307 || statusCode === 429 || statusCode === 500 || statusCode === 503;
}

function overWith(message: IncomingMessage): { readonly kind: "over"; readonly status: number } {
  return { kind: "over", status: message.statusCode ?? 0 };
}

function failed(message: IncomingMessage): Reply<never> {
  return { kind: "failed", problem: `status ${message.statusCode}`, retryAfterMs: retryAfter(message) };
}

function retryAfter(message: IncomingMessage): number | null {
  const seconds = Number(message.headers["retry-after"] ?? Number.NaN);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1_000 : null;
}
