/**
 * AWS takes spot machines back with two minutes' notice, and says so to the machine itself.
 * @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/spot-instance-termination-notices.html
 */
import { setTimeout as sleep } from "node:timers/promises";
import { interruptionMs } from "../../core/agent-protocol";
import { errorText } from "../../core/error-facts";
import type { Log } from "../../core/ports";
import type { Imds } from "./imds";

export interface InterruptionWatch {
  readonly imds: Pick<Imds, "read">;
  readonly log: Log;
  /** @default 5000, as AWS asks for */
  readonly everyMs?: number;
  readonly signal?: AbortSignal;
}

export interface Interruption {
  /** When the machine will be taken, as its metadata say; `null`: they do not say it in words we know. */
  readonly at: number | null;
}

/** Resolves once the notice is there; `undefined`: `signal` aborted. Does not keep the process alive. */
export async function interruption({
  imds,
  log,
  everyMs = 5_000,
  signal,
}: InterruptionWatch): Promise<Interruption | undefined> {
  while (signal?.aborted !== true) {
    // Usually there is nothing, and that is a 404.
    const notice = await imds.read("/latest/meta-data/spot/instance-action").catch((error: unknown) => {
      log.debug("no word on an interruption", { problem: errorText(error) });
      return undefined;
    });
    if (notice !== undefined) return { at: timeIn(notice) };
    await sleep(everyMs, undefined, { ref: false, ...(signal === undefined ? {} : { signal }) }).catch(() => undefined);
  }
  return undefined;
}

/** `{"action":"terminate","time":"2026-11-21T12:02:00Z"}` */
function timeIn(notice: string): number | null {
  const at = Date.parse(/"time"\s*:\s*"([^"]+)"/.exec(notice)?.[1] ?? "");
  return Number.isNaN(at) ? null : at;
}

/** How long a job may go on after the notice; then it is stopped, so that there is time to tell how it ended. */
export function timeLeft({ at }: Interruption, now: number): number {
  // A machine whose clock is wrong has no longer than others.
  const leftMs = Math.min(interruptionMs.notice, (at ?? Infinity) - now);
  return Math.max(0, leftMs - interruptionMs.last);
}
