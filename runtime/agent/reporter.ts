/**
 * Tells the server what happened, in order, one report at a time, until it is acknowledged. Output travels with the
 * events; `finished` only once everything before it has surely arrived.
 */
import { logChunkBytes } from "../core/agent-protocol";
import type { AgentEvent, AgentOrders, ReportRequest } from "../core/agent-protocol";
import type { Random } from "../core/ports";
import { Backoff, rest } from "./backoff";
import { Bell } from "./bell";
import type { AgentOptions } from "./options";
import type { OutputSpool } from "./output-spool";
import type { Reply, ServerClient } from "./server-client";
import type { Session } from "./session";

export interface ReporterParts {
  readonly client: ServerClient;
  readonly session: Session;
  readonly spool: OutputSpool;
  readonly options: AgentOptions;
  readonly random: Pick<Random, "fraction">;
  readonly uptimeMs: () => number;
}

interface Pending {
  readonly attempt: number;
  readonly event: AgentEvent;
  readonly acknowledged: () => void;
}

export class Reporter {
  private readonly parts: ReporterParts;
  private readonly bell = new Bell();
  private readonly backoff: Backoff;
  private pending: readonly Pending[] = [];
  /** Bytes the server says it has. */
  private offset = 0;
  /** The server keeps no more than it has. */
  private logClosed = false;
  /** `false` from a failed report to the next answer: the server may have died and know less than it said. */
  private sure = true;
  private sentAt = Number.NEGATIVE_INFINITY;

  constructor(parts: ReporterParts) {
    this.parts = parts;
    this.backoff = new Backoff(parts.options.backoff, parts.random);
    parts.spool.onGrowth(() => this.bell.ring());
  }

  /** Resolves when the server has it. */
  push(event: AgentEvent): Promise<void> {
    return new Promise((acknowledged) => {
      this.pending = [...this.pending, { attempt: this.parts.session.attempt, event, acknowledged }];
      this.bell.ring();
    });
  }

  async run(signal: AbortSignal): Promise<void> {
    signal.addEventListener("abort", () => this.bell.ring(), { once: true });
    while (!signal.aborted) {
      const pauseMs = this.pauseMs();
      if (pauseMs === 0) await this.sendNext(signal);
      else await this.bell.heard(pauseMs);
    }
  }

  /** 0: send now; `undefined`: there is nothing to say. */
  private pauseMs(): number | undefined {
    if (this.nextEvents().length > 0 || this.unsent() >= logChunkBytes) return 0;
    if (this.unsent() === 0) return undefined;
    const since = this.parts.uptimeMs() - this.sentAt;
    return Math.max(0, this.parts.options.logPaceMs - since);
  }

  private unsent(): number {
    return this.logClosed ? 0 : this.parts.spool.size - this.offset;
  }

  private nextEvents(): readonly Pending[] {
    const attempt = this.pending[0]?.attempt;
    const complete = this.unsent() === 0 || (this.sure && this.unsent() <= logChunkBytes);
    return this.pending.filter((item) => item.attempt === attempt && (item.event.type !== "finished" || complete));
  }

  private async sendNext(signal: AbortSignal): Promise<void> {
    const { client, session, spool, uptimeMs } = this.parts;
    const events = this.nextEvents();
    const attempt = events[0]?.attempt ?? session.attempt;
    const unsent = attempt === 0 ? 0 : this.unsent();
    const data = await spool.read(this.offset, Math.min(unsent, logChunkBytes));
    const log = data.length === 0 ? {} : { log: { offset: this.offset, data: data.toString("base64") } };
    const report: ReportRequest = { attempt, events: events.map(({ event }) => event), ...log };
    if (data.length > 0) this.sentAt = uptimeMs();
    const reply = await client.report(report, signal);
    if (signal.aborted) return;
    const pauseMs = this.settle(reply, { attempt, events, sent: data.length });
    if (pauseMs > 0) await rest(pauseMs, signal);
  }

  /** Answers how long to wait before the next try. */
  private settle(reply: Reply<AgentOrders>, { attempt, events, sent }: Sent): number {
    this.sure = reply.kind === "answer";
    if (reply.kind === "answer") {
      this.pending = this.pending.filter((item) => !events.includes(item));
      for (const item of events) item.acknowledged();
      this.parts.session.take(reply.value);
      const moved = attempt === 0 || this.follow(reply.value.logOffset, sent);
      if (moved) this.backoff.reset();
      return moved ? 0 : this.backoff.nextMs(null);
    }
    if (reply.kind === "over") this.parts.session.refused(attempt);
    return this.backoff.nextMs(reply.kind === "failed" ? reply.retryAfterMs : null);
  }

  /** Goes on where the server's copy ends, also when that is further back. Answers whether it was of any use. */
  private follow(logOffset: number, sent: number): boolean {
    const before = this.offset;
    this.offset = Math.min(logOffset, this.parts.spool.size);
    if (sent === 0 || this.offset > before) return true;
    this.logClosed = before >= this.parts.options.logLimitBytes && this.offset === before;
    return this.logClosed;
  }
}

interface Sent {
  readonly attempt: number;
  readonly events: readonly Pending[];
  readonly sent: number;
}
