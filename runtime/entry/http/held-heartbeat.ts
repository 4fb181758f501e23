/**
 * A heartbeat is held until there is something to say, so that an order reaches its agent at once. Its answer is always
 * the flow's: a change only makes us ask again.
 */
import type { AgentOrders, HeartbeatRequest } from "../../core/agent-protocol";
import { isForges } from "../../core/api-source";
import { isDemand, isFinal } from "../../core/lifecycle";
import type { Runner } from "../../core/model";
import { runnerOfLease, trackHeartbeat } from "../../flow/track-job";
import type { Change } from "./changes";
import { steadyClock } from "../host/node-random";
import type { HttpContext } from "./context";

export interface Held {
  readonly lease: string;
  readonly beat: HeartbeatRequest;
  /** Aborts when the agent is gone or the server closes. */
  readonly signal: AbortSignal;
}

export async function holdHeartbeat({ lease, beat, signal }: Held, context: HttpContext): Promise<AgentOrders> {
  const { ports, changes } = context;
  // Where nobody tells of changes there is nothing to hold it for.
  if (changes === undefined) return trackHeartbeat(await runnerOfLease(lease, ports), beat, ports);
  const until = steadyClock.now() + beat.waitMs;
  for (;;) {
    const runner = await runnerOfLease(lease, ports);
    const enough = new AbortController();
    const stop = (): void => enough.abort();
    signal.addEventListener("abort", stop);
    try {
      // Listens before it asks: what changes while the flow looks is not missed.
      const leftMs = Math.max(0, until - steadyClock.now());
      const told = changes.wait(concerns(runner, beat), leftMs, enough.signal);
      const orders = await trackHeartbeat(runner, beat, ports);
      const news = orders.assignment !== null || orders.cancel || orders.drain;
      if (news || leftMs === 0 || signal.aborted) return orders;
      if (!(await told)) return orders;
    } finally {
      signal.removeEventListener("abort", stop);
      stop();
    }
  }
}

/** Whether a change can alter the orders of this runner. That it was heard of is no news: we write that ourselves. */
function concerns(runner: Runner, beat: HeartbeatRequest): (change: Change) => boolean {
  return (change) => {
    switch (change.kind) {
      case "runner":
        return change.runner.id === runner.id && differs(change.runner, runner);
      case "job": {
        const { job } = change;
        if (job.key === runner.job)
          return job.cancelRequestedAt !== null || isFinal(job.state) || job.runner !== runner.id;
        return beat.attempt === 0 && !isForges(runner.reach) && job.profile === runner.profile && isDemand(job);
      }
      case "log":
        return false;
    }
  };
}

function differs(a: Runner, b: Runner): boolean {
  return a.state !== b.state || a.draining !== b.draining || a.job !== b.job || a.attempt !== b.attempt;
}
