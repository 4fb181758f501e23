/**
 * A renewable that all processes of a fleet share, by a note in the ledger: who finds it old makes it anew for everybody.
 * Should several do so at once, the first to say so wins, and the others use what it made.
 */
import type { Fresh, Renewable } from "./renewable";
import { renewable } from "./renewable";
import type { Left, Shelf } from "./shelf";

/** Processes that begin to renew at different moments mostly find it done: the first one has made it for all. */
const spreadMs = 60_000;
/** Of its life, for what lives shorter. */
const spreadShare = 0.25;
/** The ledger keeps nothing for ever. */
const longestMs = 24 * 3_600_000;

/** `make` answers `undefined` for what is not there: nothing is left for the others then. */
export function sharedRenewable(
  shelf: Shelf,
  name: string,
  make: () => Promise<Fresh<string | undefined>>,
): Renewable<string | undefined> {
  const { clock, random } = shelf;
  const early = random.fraction();
  let refused: string | undefined;

  /** As long as it is of use here. */
  function fresh(left: Left | undefined): Fresh<string> | undefined {
    if (left === undefined) return undefined;
    const { value, madeAt } = left.content;
    if (typeof value !== "string" || typeof madeAt !== "number" || value === refused) return undefined;
    const spread = early * Math.min(spreadMs, (left.expiresAt - madeAt) * spreadShare);
    const lastsMs = left.expiresAt - spread - clock.now();
    return lastsMs > 0 ? { value, madeAt, lastsMs } : undefined;
  }

  async function renew(left: Left | undefined): Promise<Fresh<string | undefined>> {
    const made = await make();
    const { value } = made;
    if (value === undefined || made.lastsMs <= 0) return made;
    const [madeAt, lastsMs] = [clock.now(), Math.min(made.lastsMs, longestMs)];
    const wanted = { content: { value, madeAt }, expiresAt: madeAt + lastsMs };
    const { instead } = await shelf.leave(name, wanted, left);
    return fresh(instead) ?? { value, madeAt, lastsMs };
  }

  const own = renewable(clock, async () => {
    const left = await shelf.read(name);
    return fresh(left) ?? renew(left);
  });
  return {
    get: () => own.get(),
    refused(value, age) {
      const forgotten = own.refused(value, age);
      if (forgotten) refused = value;
      return forgotten;
    },
  };
}
