/** Keeps in touch: the server holds each answer until it has something to say, so that orders arrive at once. */
import { idlePollMs } from "../core/agent-protocol";
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
  let pauseMs = idlePollMs;
  while (!signal.aborted) {
    const begun = parts.uptimeMs();
    const { attempt } = session;
    const reply = await client.heartbeat({ attempt, waitMs: options.heartbeatWaitMs }, signal);
    if (signal.aborted) return;
    if (reply.kind === "answer") {
      backoff.reset();
      session.take(reply.value);
      const held = parts.uptimeMs() - begun >= options.heartbeatWaitMs / 2;
      // A server that answers at once is asked less and less, down to the rhythm it wished for.
      const idle = session.attempt === 0;
      pauseMs = held || idle ? idlePollMs : Math.min(pauseMs * 2, Math.max(parts.heartbeatMs, idlePollMs));
      if (!held) await rest(pauseMs, signal);
    } else {
      if (reply.kind === "over") session.refused(attempt);
      await rest(backoff.nextMs(reply.kind === "failed" ? reply.retryAfterMs : null), signal);
    }
  }
}
