/**
 * A server that has not answered for a while is left alone for a while, by everybody: each try costs its whole time-out.
 * What fails for one process alone, or at one endpoint, is no business of the others.
 */
import { OnejobError } from "../../core/errors";
import type { Instant } from "../../core/model";
import type { Clock } from "../../core/ports";
import type { Pauses } from "./pauses";

export interface Outage {
  /** Throws `source-unreachable` while the server, or this endpoint of it, is left alone. */
  check(endpoint: string): void;
  answered(): void;
  /** `endpoint`: which one answered that it cannot; `null`: nothing answered. */
  failed(endpoint: string | null): Promise<void>;
}

interface Streak {
  readonly since: Instant;
  readonly last: Instant;
  readonly failures: number;
  /** The only one that fails; `null`: several, or the server as a whole. */
  readonly endpoint: string | null;
}

const server = "server";
/** One call that fails, or many at the same moment, say nothing yet. */
const fewestFailures = 3;
const shortestMs = 10_000;
/** A failure so long ago says nothing about now. */
const forgottenMs = 60_000;
const pauseMs = { least: 5_000, most: 30_000 } as const;
/** Whoever was answered so recently knows better than one whose own line may be bad. */
const knowsBetterMs = 10_000;

export function openOutage({ clock, pauses, host }: { clock: Clock; pauses: Pauses; host: string }): Outage {
  let streak: Streak | undefined;
  let answeredAt = -Infinity;
  let endpointUntil: Instant = 0;

  function pausedUntil(endpoint: string, now: Instant): Instant {
    const ours = streak?.endpoint === endpoint ? endpointUntil : 0;
    return now - answeredAt < knowsBetterMs ? ours : Math.max(ours, pauses.until(server));
  }

  return {
    check(endpoint) {
      const now = clock.now();
      const retryAt = pausedUntil(endpoint, now);
      if (retryAt <= now) return;
      const when = new Date(retryAt).toISOString();
      const what = `${host} has not answered for a while, it is asked again at ${when}`;
      throw new OnejobError("source-unreachable", what, { details: { retryAt } });
    },
    answered() {
      streak = undefined;
      answeredAt = clock.now();
    },
    async failed(endpoint) {
      const now = clock.now();
      streak = longer(streak, { endpoint, now });
      const lastedMs = now - streak.since;
      if (streak.failures < fewestFailures || lastedMs < shortestMs) return;
      const until = now + Math.min(Math.max(lastedMs / 2, pauseMs.least), pauseMs.most);
      if (streak.endpoint !== null) endpointUntil = until;
      else await pauses.begin(server, until);
    },
  };
}

function longer(streak: Streak | undefined, { endpoint, now }: { endpoint: string | null; now: Instant }): Streak {
  if (streak === undefined || now - streak.last > forgottenMs) return { since: now, last: now, failures: 1, endpoint };
  const { since, failures } = streak;
  return { since, last: now, failures: failures + 1, endpoint: streak.endpoint === endpoint ? endpoint : null };
}
