/**
 * One sweep at a time, by notes in the ledger that are written once: time is cut into slots, and who sweeps takes the next
 * slot before the one at hand is over. A newcomer finds its slot taken as long as the other goes on, and free soon after
 * it has ended or died; nothing has to be given back.
 */
import type { Clock, Ledger, Random } from "../../core/ports";

const slotMs = 20_000;
const renewEveryMs = 5_000;
/** Long enough that a slot cannot be taken again while its time lasts. */
const keptMs = 5 * 60_000;

export interface LeasePorts {
  readonly ledger: Pick<Ledger, "remember">;
  readonly clock: Clock;
  readonly random: Random;
}

export interface Lease {
  /** `false` from the moment another sweep may begin. */
  holds(): boolean;
  release(): void;
}

/** `undefined`: another one sweeps. */
export async function takeLease({ ledger, clock, random }: LeasePorts): Promise<Lease | undefined> {
  const mine = random.id(16);
  const slotNow = (): number => Math.floor(clock.now() / slotMs);
  const take = async (slot: number): Promise<boolean> =>
    (await ledger.remember(`sweep/${slot}`, mine, clock.now() + keptMs)) === mine;
  const first = slotNow();
  // Two at once: the first may be over in a moment.
  if (!(await take(first)) || !(await take(first + 1))) return undefined;
  let last = first + 1;
  const renew = async (): Promise<void> => {
    const next = slotNow() + 1;
    if (next === last + 1 && (await take(next))) last = next;
  };
  // What is not renewed ends by itself.
  const timer = setInterval(() => void renew().catch(() => undefined), renewEveryMs);
  return { holds: () => slotNow() <= last, release: () => clearInterval(timer) };
}
