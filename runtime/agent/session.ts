/**
 * What the agent was told, by whichever answer or signal said it first. An agent has at most one job, so everything
 * here happens once: idle → assigned → started → over.
 */
import type { AgentOrders, Assignment } from "../core/agent-protocol";

export type IdleEnd =
  | { readonly kind: "assigned"; readonly assignment: Assignment }
  | { readonly kind: "leave"; readonly why: LeaveReason };

export type LeaveReason = "drained" | "interrupted" | "stale" | "silent";

/** Why the job is stopped. */
export type StopReason = "cancelled-by-user" | "job-timeout" | "interrupted" | "stale" | "silent";

export class Session {
  readonly idleEnd: Promise<IdleEnd>;
  private endIdle: (end: IdleEnd) => void = () => undefined;
  private readonly stopping = new AbortController();
  private readonly abandoning = new AbortController();
  private readonly running = new AbortController();
  private reason: StopReason | null = null;
  private phase: "idle" | "assigned" | "started" = "idle";
  private currentAttempt = 0;
  private servesForge = false;

  constructor() {
    this.idleEnd = new Promise((resolve) => {
      this.endIdle = resolve;
    });
  }

  /** 0 before a job is assigned. */
  get attempt(): number {
    return this.currentAttempt;
  }

  get stopSignal(): AbortSignal {
    return this.stopping.signal;
  }

  /** Nobody waits for the result any more, or nobody can be told: end at once and say nothing. */
  get abandonSignal(): AbortSignal {
    return this.abandoning.signal;
  }

  /** Aborted once the server knows that the job has started. */
  get runningSignal(): AbortSignal {
    return this.running.signal;
  }

  get stopReason(): StopReason | null {
    return this.reason;
  }

  get hasStarted(): boolean {
    return this.phase === "started";
  }

  take(orders: AgentOrders): void {
    // A job that was given to us is ours, drain or not; the server repeats it until it has started.
    if (this.phase === "idle" && orders.assignment !== null && !this.servesForge) this.assign(orders.assignment);
    if (this.phase === "idle" && orders.drain) this.endIdle({ kind: "leave", why: "drained" });
    if (this.phase !== "idle" && orders.cancel) this.stop("cancelled-by-user");
  }

  /** A forge gives this agent its job, and nobody else may: idle → started → over. */
  serveForge(): void {
    this.servesForge = true;
  }

  started(): void {
    this.phase = "started";
  }

  startAcknowledged(): void {
    this.running.abort();
  }

  stop(reason: StopReason): void {
    if (this.reason !== null) return;
    this.reason = reason;
    this.stopping.abort();
  }

  /** The server refused a request about `attempt`. One that was under way while the job came in proves nothing. */
  refused(attempt: number): void {
    if (attempt === this.currentAttempt) this.leave("stale");
  }

  /** The machine will be taken away: without a job there is nothing to wait for. */
  expectEnd(): void {
    if (this.phase === "idle") this.endIdle({ kind: "leave", why: "interrupted" });
  }

  interrupt(): void {
    this.leave("interrupted");
  }

  /** No server can be reached. A job that has started goes on for as long as it takes. */
  giveUp(): void {
    if (this.phase !== "started") this.leave("silent");
  }

  /** The agent itself is broken. */
  abandon(): void {
    this.leave("silent");
  }

  private assign(assignment: Assignment): void {
    // Whoever was told to leave takes no job any more.
    if (this.reason !== null) return;
    this.phase = "assigned";
    this.currentAttempt = assignment.attempt;
    this.endIdle({ kind: "assigned", assignment });
  }

  private leave(why: "interrupted" | "stale" | "silent"): void {
    this.endIdle({ kind: "leave", why });
    this.stop(why);
    if (why !== "interrupted") this.abandoning.abort();
  }
}
