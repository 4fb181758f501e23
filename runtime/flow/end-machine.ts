/**
 * The end of a machine. Two keys for one that may still be given a job: its agent confirmed that nothing runs and nothing
 * listens, and the forge takes its right back. Terminating is repeated by the sweep until the compute confirms.
 */
import { isGone } from "../core/lifecycle";
import type { Runner } from "../core/model";
import type { Ports } from "../core/ports";
import { released } from "../core/runner-moves";
import { applyToRunner, settle } from "./moves";

/** A forge that keeps a runner as busy though nothing listens gives its job to another within a minute. */
const longestWithdrawalMs = 3 * 60_000;

/** Ends the machine of a stopping runner and closes its record. Throws when the compute does; the sweep comes again. */
export async function endMachine(runner: Runner, ports: Ports): Promise<void> {
  if (isGone(runner.state)) return;
  const letGo = await letGoBySource(runner, ports);
  if (letGo === undefined) return;
  await ports.compute(runner.compute)?.terminate([runner.machine]);
  await ports.ledger.dropEnrolment(runner.id);
  await applyToRunner(letGo, () => ({ event: "terminated", at: ports.clock.now() }), ports);
}

/** Of a machine that is gone, or cannot be waited for: its record at the forge is cleared away as far as that goes. */
export async function endLostMachine(runner: Runner, ports: Ports): Promise<void> {
  if (isGone(runner.state)) return;
  await ports.compute(runner.compute)?.terminate([runner.machine]);
  if (!isDoneAtSource(runner, ports)) await withdraw(runner, ports);
  await ports.ledger.dropEnrolment(runner.id);
  await applyToRunner(runner, () => ({ event: "terminated", at: ports.clock.now() }), ports);
}

/** The runner as it stands, once its machine may go; `undefined`: not yet, the sweep asks again. */
async function letGoBySource(runner: Runner, ports: Ports): Promise<Runner | undefined> {
  if (isDoneAtSource(runner, ports)) return runner;
  const at = ports.clock.now();
  const { record } = await settle(
    runner,
    (current) => (current.releasedAt === null ? released(current, at) : undefined),
    (next) => ports.ledger.saveRunner(next),
  );
  if ((await withdraw(record, ports)) || at - (record.releasedAt ?? at) > longestWithdrawalMs) return record;
  ports.log.info("the source does not let go of the runner yet", { runner: runner.id, source: runner.reach.source });
  return undefined;
}

/** A right that was used is over by itself. */
function isDoneAtSource(runner: Runner, ports: Ports): boolean {
  const source = ports.source(runner.reach.source);
  return source === undefined || source.assigns || runner.job !== null;
}

async function withdraw(runner: Runner, ports: Ports): Promise<boolean> {
  try {
    const handle = runner.handle ?? (await ports.ledger.readEnrolment(runner.id))?.handle ?? null;
    return (await ports.source(runner.reach.source)?.withdraw(runner, handle)) !== "busy";
  } catch (error) {
    ports.log.warn("a runner could not be withdrawn at its source", { runner: runner.id, error });
    return false;
  }
}
