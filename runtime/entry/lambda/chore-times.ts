/** When each chore was begun last, kept in the ledger for all containers of the function: each is begun once in its time. */
import type { Clock, Ledger, Random } from "../../core/ports";

/** The schedule is not exact: a chore of every minute must not be found a moment too early every other time. */
const slackMs = 15_000;

export interface ChoreTimesPorts {
  readonly ledger: Pick<Ledger, "remember">;
  readonly clock: Clock;
  readonly random: Random;
}

export interface ChoreTimes {
  /** `true` for the one who asks first; then nobody else is told so before the time is over. */
  isDue(name: string, everyMs: number): Promise<boolean>;
}

export function choreTimes({ ledger, clock, random }: ChoreTimesPorts): ChoreTimes {
  /** Until when it is known to be not due, so that the ledger is not asked each minute. */
  const known = new Map<string, number>();
  return {
    async isDue(name, everyMs) {
      const now = clock.now();
      const pauseMs = Math.max(0, everyMs - slackMs);
      const until = known.get(name) ?? 0;
      // A clock that was set back must not stop everything until it catches up.
      if (now < until && until - now <= pauseMs) return false;
      const mine = `${now + pauseMs}/${random.id(8)}`;
      const stands = await ledger.remember(`chore/${name}`, mine, now + pauseMs);
      known.set(name, Number(stands.split("/")[0]));
      return stands === mine;
    },
  };
}
