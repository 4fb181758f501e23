/**
 * What failed before the settings or the deployment changed is forgiven, as on a server that reads its settings anew. No
 * function is told of a change, so a note says what it was that the last sweep saw.
 */
import { createHash } from "node:crypto";
import type { FleetFacts } from "../../core/fleet-facts";
import type { Ports } from "../../core/ports";
import { forgiveFailures } from "../../flow/reach-state";

const name = "settings-seen";
/** Whoever sweeps for the first time in so long has nothing to compare with, and forgives nothing. */
const keptMs = 30 * 24 * 60 * 60_000;

/** For the life of a process: the ledger is asked at its first sweep, and after a change. Never throws. */
export function changeWatch(facts: FleetFacts): (ports: Ports) => Promise<void> {
  let known: string | undefined;
  return async (ports) => {
    const seen = createHash("sha256")
      .update(JSON.stringify([facts, ports.settings()]))
      .digest("base64url");
    if (seen === known) return;
    try {
      await compare(seen, ports);
      known = seen;
    } catch (error) {
      ports.log.warn("it could not be found out whether the settings changed, the next sweep asks again", { error });
    }
  };
}

async function compare(seen: string, ports: Ports): Promise<void> {
  const note = await ports.ledger.readNote(name);
  if (note?.value === seen) return;
  if (note !== undefined) {
    ports.log.info("the settings or the deployment changed, and what failed before is tried again", {});
    await forgiveFailures(ports);
  }
  const expiresAt = ports.clock.now() + keptMs;
  await ports.ledger.saveNote({ name, value: seen, version: (note?.version ?? 0) + 1, expiresAt });
}
