/** A server that has not answered for a while is left alone for a while, by everybody: each try costs its whole time-out. */
import { OnejobError } from "../../core/errors";
import type { Instant } from "../../core/model";
import type { Clock } from "../../core/ports";
import type { Pauses } from "./pauses";

export interface Outage {
  /** Throws `source-unreachable` while the server is left alone. */
  check(): void;
  answered(): void;
  failed(): Promise<void>;
}

const server = "server";
/** One call that fails, or many at the same moment, say nothing yet. */
const fewestFailures = 3;
const shortestMs = 10_000;
/** A failure so long ago says nothing about now. */
const forgottenMs = 60_000;
const pauseMs = { least: 5_000, most: 30_000 } as const;

export function openOutage({ clock, pauses, host }: { clock: Clock; pauses: Pauses; host: string }): Outage {
  let streak: { readonly since: Instant; readonly last: Instant; readonly failures: number } | undefined;
  return {
    check() {
      const retryAt = pauses.until(server);
      if (retryAt <= clock.now()) return;
      const when = new Date(retryAt).toISOString();
      const details = { retryAt };
      throw new OnejobError(
        "source-unreachable",
        `${host} has not answered for a while, it is asked again at ${when}`,
        {
          details,
        },
      );
    },
    answered() {
      streak = undefined;
    },
    async failed() {
      const now = clock.now();
      if (streak === undefined || now - streak.last > forgottenMs) streak = { since: now, last: now, failures: 0 };
      const { since, failures } = (streak = { ...streak, last: now, failures: streak.failures + 1 });
      const lastedMs = now - since;
      if (failures < fewestFailures || lastedMs < shortestMs) return;
      await pauses.begin(server, now + Math.min(Math.max(lastedMs / 2, pauseMs.least), pauseMs.most));
    },
  };
}
