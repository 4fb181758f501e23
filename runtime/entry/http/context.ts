/** What the HTTP server is given, and what its routes share. */
import type { FastifyRequest } from "fastify";
import { bundleLimits } from "../../core/bundle";
import type { Instant } from "../../core/model";
import type { Log, Ports } from "../../core/ports";
import type { StoredDeliveries } from "../../flow/receive-delivery";
import type { Changes } from "./changes";

export interface HttpDeps {
  readonly ports: Ports;
  /** Bearer token of everything a person or script may ask; `null`: whoever gets here was let in by the platform. */
  readonly token: string | null;
  /** Without it nobody hears of changes: nothing is held or followed, and there is no stream of events. */
  readonly changes?: Changes;
  readonly version: string;
  readonly startedAt: Instant;
  readonly ready: () => Promise<readonly ReadyCheck[]>;
  /** `false` while the server is going down: what is handed in now could be lost. */
  readonly accepting: () => boolean;
  /** Without it there are no metrics to be asked for. */
  readonly meter?: ShownMeter;
  /** Whether a profile's limits hold on this machine, in the words of its compute. */
  readonly enforcement?: (profile: string) => Promise<unknown>;
  readonly logger: Log;
  /** Deliveries of webhooks that this server has stored. */
  readonly stored: StoredDeliveries;
  readonly limits?: Partial<HttpLimits>;
  /** `false`: requests come whole from the platform, so there is no connection to guard. */
  readonly connected?: boolean;
}

/** What is counted, for who asks. */
export interface ShownMeter {
  readonly contentType: string;
  /** In the text format of Prometheus. */
  text(): Promise<string>;
  /** Jobs that ended since the start, by state. */
  ended(): Readonly<Record<string, number>>;
}

export interface ReadyCheck {
  readonly name: string;
  readonly ok: boolean;
  readonly fix?: string;
}

export interface HttpLimits {
  /** Of a JSON body. */
  readonly jsonBytes: number;
  /** Of a job's spec: room for 256 KiB of command and environment, however they are escaped. */
  readonly specBytes: number;
  /** Of a bundle that goes through the server, in or out. */
  readonly bundleBytes: number;
  /** Of one that goes past it. */
  readonly uploadBytes: number;
  /** Most of a log in one answer; who wants more asks again, from where it ended. */
  readonly logBytes: number;
  /** How much of a log is read at once. */
  readonly logPieceBytes: number;
  /** From the first byte of a request to the end of its head. */
  readonly headersMs: number;
  /** How often heads that are late are looked for. */
  readonly connectionCheckMs: number;
  /** From the head of a request to the end of its body; uploads take as long as they need. */
  readonly bodyMs: number;
  /** How often an upload is looked at, and how much must have arrived in between. */
  readonly uploadSilenceMs: number;
  readonly uploadLeastBytes: number;
  /** How long a client may read nothing of an answer that waits for it. */
  readonly unreadMs: number;
  /** How long what follows an answer given early is thrown away before the connection is closed. */
  readonly lingerMs: number;
  /** A connection that is kept waits so long for the next request; above the usual 60 s of a proxy in front. */
  readonly keepAliveMs: number;
  readonly connections: number;
  /** Between two signs of life on an event stream. */
  readonly pingMs: number;
  /** What a client of the event stream may leave unread. */
  readonly eventBacklogBytes: number;
  /** A log follower that heard of nothing for so long looks by itself. */
  readonly recheckMs: number;
  /** When the server closes, answers under way may take so long. */
  readonly closeMs: number;
}

export const defaultLimits: HttpLimits = {
  jsonBytes: 1024 * 1024,
  specBytes: 2 * 1024 * 1024,
  bundleBytes: bundleLimits.packedBytes,
  uploadBytes: bundleLimits.packedBytes,
  logBytes: Number.POSITIVE_INFINITY,
  logPieceBytes: 64 * 1024,
  headersMs: 15_000,
  connectionCheckMs: 5_000,
  bodyMs: 30_000,
  uploadSilenceMs: 60_000,
  uploadLeastBytes: 16 * 1024,
  unreadMs: 60_000,
  lingerMs: 30_000,
  keepAliveMs: 72_000,
  connections: 2_048,
  pingMs: 15_000,
  eventBacklogBytes: 1024 * 1024,
  recheckMs: 15_000,
  closeMs: 3_000,
};

export interface HttpContext extends HttpDeps {
  readonly limits: HttpLimits;
  /** Aborts when the server closes: whatever is held or followed ends. */
  readonly closing: AbortSignal;
}

/** Who may call a route: anybody, whoever has the server's token, or an agent with its lease. */
export type Access = "open" | "token" | "lease";

declare module "fastify" {
  interface FastifyContextConfig {
    /** `token` unless a route says otherwise, so that a forgotten one is closed and not open. */
    access?: Access;
    /** The body may take long to arrive, as long as it goes on. */
    upload?: boolean;
  }
}

export interface JobParams {
  readonly job: string;
}

export function routeOf(request: FastifyRequest): string {
  return request.routeOptions.url ?? "none";
}
