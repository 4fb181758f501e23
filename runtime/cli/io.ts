/** What the program needs from the process it runs in; tests hand in their own. */
import type { Readable, Writable } from "node:stream";
import { ec2ListLagMs } from "../core/aws-identity";

export interface CliIo {
  readonly stdin: Readable;
  readonly stdout: Writable;
  readonly stderr: Writable;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly home: string;
  readonly isTTY: { readonly stdin: boolean; readonly stdout: boolean; readonly stderr: boolean };
  readonly now: () => number;
  /** Calls `listener` on every Ctrl-C or TERM until the returned function is called. */
  readonly onInterrupt: (listener: () => void) => () => void;
  readonly patience: Patience;
}

/** How long the program waits for what, in milliseconds. */
export interface Patience {
  /** Between two tries to reach a server that went away. */
  readonly retryMs: number;
  /** How long a server may stay away before a waiting command leaves. */
  readonly giveUpMs: number;
  /** Between two questions after something that a server does not tell by itself, at first; more seldom while nothing happens. */
  readonly askMs: number;
  readonly seldomMs: number;
  /** Between two looks at why a submitted job does not start. */
  readonly whyMs: number;
  /** Between two looks at what is left of a fleet that drains. */
  readonly lookMs: number;
  /** How long nothing must be left before that is believed: what EC2 lists may be so old. */
  readonly settleMs: number;
  /** How long a fleet may take to end its machines before a command that may does. Its own sweep needs up to four minutes. */
  readonly endMs: number;
}

export const defaultPatience: Patience = {
  retryMs: 500,
  giveUpMs: 60_000,
  askMs: 1_000,
  seldomMs: 3_000,
  whyMs: 3_000,
  lookMs: 5_000,
  settleMs: ec2ListLagMs,
  endMs: 300_000,
};

/** Resolves when the stream can take more, so that a slow reader slows us instead of filling memory. */
export async function write(stream: Writable, chunk: string | Uint8Array): Promise<void> {
  if (stream.write(chunk) || stream.destroyed) return;
  await new Promise<void>((resolve) => {
    const done = (): void => {
      stream.off("drain", done).off("close", done).off("error", done);
      resolve();
    };
    stream.once("drain", done).once("close", done).once("error", done);
  });
}

/** Resolves early, without error, when the signal fires. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener("abort", done);
  });
}
