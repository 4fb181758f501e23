/** Keeps in touch: the server holds each answer until it has something to say, so that orders arrive at once. */
import type { Random } from "../core/ports";
import { Backoff, rest } from "./backoff";
import type { AgentOptions } from "./options";
import type { ServerClient } from "./server-client";
import type { Session } from "./session";

export interface HeartbeatParts {
  readonly client: ServerClient;
  readonly session: Session;
  readonly options: AgentOptions;
  readonly random: Pick<Random, "fraction">;
  readonly uptimeMs: () => number;
  /** How often a running job's agent is heard where the server cannot hold its answers. */
  readonly heartbeatMs: number;
}

/** Until `signal` aborts. */
export async function keepInTouch(parts: HeartbeatParts, signal: AbortSignal): Promise<void> {
  const { client, session, options } = parts;
  const backoff = new Backoff(options.backoff, parts.random);
  const rhythm = new Rhythm(parts);
  while (!signal.aborted) {
    const begun = parts.uptimeMs();
    const { attempt } = session;
    const reply = await client.heartbeat({ attempt, waitMs: options.heartbeatWaitMs }, signal);
    if (signal.aborted) return;
    if (reply.kind === "answer") {
      backoff.reset();
      session.take(reply.value);
      await rhythm.pause(parts.uptimeMs() - begun, { assigned: reply.value.assignment !== null, signal });
    } else {
      if (reply.kind === "over") session.refused(attempt);
      await rest(backoff.nextMs(reply.kind === "failed" ? reply.retryAfterMs : null), signal);
    }
  }
}

/** How soon to ask again after an answer. */
class Rhythm {
  private readonly parts: HeartbeatParts;
  private nextMs: number;

  constructor(parts: HeartbeatParts) {
    this.parts = parts;
    this.nextMs = parts.options.idlePollMs;
  }

  async pause(heldMs: number, { assigned, signal }: { assigned: boolean; signal: AbortSignal }): Promise<void> {
    const { session, options, heartbeatMs } = this.parts;
    const { idlePollMs } = options;
    // The server repeats a job until it knows it started; from then on it holds its answers again.
    if (assigned) return rest(idlePollMs, AbortSignal.any([signal, session.runningSignal]));
    if (heldMs >= idlePollMs || !session.hasStarted) this.nextMs = idlePollMs;
    // A server that answers at once is asked less and less, down to the rhythm it wished for.
    else this.nextMs = Math.min(this.nextMs * 2, Math.max(heartbeatMs, idlePollMs));
    if (heldMs < idlePollMs) await rest(this.nextMs, signal);
  }
}
