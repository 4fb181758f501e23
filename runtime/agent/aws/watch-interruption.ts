/**
 * AWS takes spot machines back with two minutes' notice, and says so to the machine itself.
 * @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/spot-instance-termination-notices.html
 */
import { setTimeout as sleep } from "node:timers/promises";
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

/** Resolves once the notice is there, or `signal` aborts. Does not keep the process alive. */
export async function interruption({ imds, log, everyMs = 5_000, signal }: InterruptionWatch): Promise<boolean> {
  while (signal?.aborted !== true) {
    // Usually there is nothing, and that is a 404.
    const notice = await imds.read("/latest/meta-data/spot/instance-action").catch((error: unknown) => {
      log.debug("no word on an interruption", { problem: errorText(error) });
      return undefined;
    });
    if (notice !== undefined) return true;
    await sleep(everyMs, undefined, { ref: false, ...(signal === undefined ? {} : { signal }) }).catch(() => undefined);
  }
  return false;
}
