/**
 * Follows a job's log until the job has ended. The server may go away and come back (even on another port): the log
 * is resumed from the byte where it broke off, so nothing is lost and nothing comes twice.
 */
import { isFinal } from "../core/lifecycle";
import type { JobView } from "./api-types";
import { jobPath } from "./api-types";
import { isTransient } from "./client";
import type { Context } from "./context";
import { sleep, write } from "./io";

export interface Following {
  readonly job: string;
  readonly signal: AbortSignal;
  /** Told once, when the first byte arrives. */
  readonly onOutput?: () => void;
}

/** Everything there is now, without waiting for more. A server that cuts off a slow reader is asked for the rest. */
export async function printLog(context: Context, job: string, signal: AbortSignal): Promise<void> {
  const cursor = new LogCursor(context, { job, signal });
  await persist(context, signal, async (inContact) => {
    await cursor.copy({ follow: false, inContact });
    return true;
  });
}

/** Resolves with the job in its final state; `null` when the signal fired before. */
export async function followLog(context: Context, following: Following): Promise<JobView | null> {
  const cursor = new LogCursor(context, following);
  return persist(context, following.signal, async (inContact) => {
    await cursor.copy({ follow: true, inContact });
    const job = await context.api.get<JobView>(jobPath(following.job));
    if (!isFinal(job.state)) return undefined;
    // What was written between the end of the stream and the end of the job.
    await cursor.copy({ follow: false });
    return job;
  });
}

class LogCursor {
  private readonly context: Context;
  private readonly following: Following;
  private offset = 0;

  constructor(context: Context, following: Following) {
    this.context = context;
    this.following = following;
  }

  async copy({ follow, inContact }: { readonly follow: boolean; readonly inContact?: () => void }): Promise<void> {
    const { job, signal, onOutput } = this.following;
    const query = { offset: this.offset, ...(follow ? { follow } : {}) };
    const chunks = await this.context.api.stream(jobPath(job, "/logs"), { query, accept: "text/plain", signal });
    inContact?.();
    for await (const chunk of chunks) {
      if (this.offset === 0) onOutput?.();
      this.offset += chunk.length;
      await write(this.context.io.stdout, chunk);
    }
  }
}

/**
 * Calls `step` until it gives a value. A server that went away is tried again for `giveUpMs`; an answer that is an
 * error ends it at once. A step that takes long says when it has reached the server. `null`: the signal fired.
 */
export async function persist<T>(
  context: Context,
  signal: AbortSignal,
  step: (inContact: () => void) => Promise<T | undefined>,
): Promise<T | null> {
  const { io } = context;
  let awaySince: number | null = null;
  const inContact = (): void => {
    if (awaySince !== null) context.say("onejob: the server is back");
    awaySince = null;
  };
  while (!signal.aborted) {
    try {
      const value = await step(inContact);
      inContact();
      if (value !== undefined) return value;
    } catch (error) {
      if (signal.aborted) return null;
      if (!isTransient(error)) throw error;
      if (awaySince === null) context.say("onejob: the server is away, trying to reach it again ...");
      awaySince ??= io.now();
      if (io.now() - awaySince >= io.patience.giveUpMs) throw error;
    }
    await sleep(io.patience.retryMs, signal);
  }
  return null;
}
