/**
 * Follows a job's log until the job has ended. The server may go away and come back (even on another port), or answer
 * only what there is: the log is resumed from the byte where it ended, so nothing is lost and nothing comes twice.
 */
import { isFinal } from "../core/lifecycle";
import type { JobView } from "./api-types";
import { jobStates } from "../core/model";
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
  await persist(context, signal, async ({ inContact }) => {
    await cursor.copy({ follow: false, inContact });
    return true;
  });
}

/** Resolves with the job in its final state; `null` when the signal fired before. */
export async function followLog(context: Context, following: Following): Promise<JobView | null> {
  const cursor = new LogCursor(context, following);
  return persist(context, following.signal, async ({ inContact, somethingNew }) => {
    const { grown, state } = await cursor.copy({ follow: true, inContact });
    if (grown) somethingNew();
    // Said by a server that does not stay: it spares another question.
    if (state !== undefined && !isFinalState(state)) return undefined;
    const job = await context.api.get<JobView>(jobPath(following.job));
    if (!isFinal(job.state)) return undefined;
    // What was written between the end of the stream and the end of the job.
    await cursor.copy({ follow: false });
    return job;
  });
}

function isFinalState(text: string): boolean {
  return jobStates.some((state) => state === text && isFinal(state));
}

interface Copying {
  readonly follow: boolean;
  readonly inContact?: () => void;
}

interface Copied {
  /** Something was there to be copied. */
  readonly grown: boolean;
  /** Of the job, where the server says it with the log. */
  readonly state: string | undefined;
}

class LogCursor {
  private readonly context: Context;
  private readonly following: Following;
  private offset = 0;

  constructor(context: Context, following: Following) {
    this.context = context;
    this.following = following;
  }

  /** As many answers as it takes: some servers give only so much of a log in one. */
  async copy(copying: Copying): Promise<Copied> {
    const from = this.offset;
    for (;;) {
      const before = this.offset;
      const { size, state } = await this.copyAnswer(copying);
      const isAll = this.offset >= size || this.offset === before;
      if (isAll || this.following.signal.aborted) return { grown: this.offset > from, state };
    }
  }

  private async copyAnswer({ follow, inContact }: Copying) {
    const { job, signal, onOutput } = this.following;
    const query = { offset: this.offset, ...(follow ? { follow } : {}) };
    const { content, header } = await this.context.api.stream(jobPath(job, "/logs"), {
      query,
      accept: "text/plain",
      signal,
    });
    inContact?.();
    for await (const chunk of content) {
      if (this.offset === 0) onOutput?.();
      this.offset += chunk.length;
      await write(this.context.io.stdout, chunk);
    }
    return { size: Number(header("x-onejob-log-size") ?? 0), state: header("x-onejob-job-state") };
  }
}

export interface Telling {
  /** A step that takes long says when it has reached the server. */
  readonly inContact: () => void;
  /** Something has happened, so more may follow soon. */
  readonly somethingNew: () => void;
}

/**
 * Calls `step` until it gives a value, more and more seldom while nothing happens. A server that went away is tried
 * again for `giveUpMs`; an answer that is an error ends it at once. `null`: the signal fired.
 */
export async function persist<T>(
  context: Context,
  signal: AbortSignal,
  step: (telling: Telling) => Promise<T | undefined>,
): Promise<T | null> {
  const { io } = context;
  let awaySince: number | null = null;
  let pauseMs = io.patience.askMs;
  const inContact = (): void => {
    if (awaySince !== null) context.say("onejob: the server is back");
    awaySince = null;
  };
  const somethingNew = (): void => void (pauseMs = io.patience.askMs);
  while (!signal.aborted) {
    try {
      const value = await unlessAborted(signal, step({ inContact, somethingNew }));
      if (signal.aborted) break;
      inContact();
      if (value !== undefined) return value;
    } catch (error) {
      if (signal.aborted) return null;
      if (!isTransient(error)) throw error;
      if (awaySince === null) context.say("onejob: the server is away, trying to reach it again ...");
      awaySince ??= io.now();
      if (io.now() - awaySince >= io.patience.giveUpMs) throw error;
    }
    await sleep(awaySince === null ? pauseMs : io.patience.retryMs, signal);
    pauseMs = Math.min(pauseMs * growth, io.patience.seldomMs);
  }
  return null;
}

const growth = 1.5;

/** Whoever wants to leave does not wait for an answer that is still to come. */
function unlessAborted<T>(signal: AbortSignal, step: Promise<T>): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const leave = (): void => resolve(undefined);
    signal.addEventListener("abort", leave, { once: true });
    step.then(resolve, reject).finally(() => signal.removeEventListener("abort", leave));
  });
}
