/**
 * The end of a machine. Two keys for one that may still be given a job: its agent confirmed that nothing runs and nothing
 * listens, and the forge takes its right back. Terminating is repeated by the sweep until the compute confirms.
 */
import { isForges } from "../core/api-source";
import { isGone } from "../core/lifecycle";
import { runnerIds } from "../core/log-ids";
import type { Runner } from "../core/model";
import type { Ports } from "../core/ports";
import { listeningSince } from "../core/runner-moves";
import { applyToRunner, settle } from "./moves";

/** A forge that keeps a runner as busy though nothing listens gives its job to another within a minute. */
const longestWithdrawalMs = 3 * 60_000;
/** One whose agent never confirmed may run a job that nobody named; then the forge's word counts for as long as that. */
const longestJobMs = 5 * 24 * 3_600_000;

/**
 * Ends the machine of a stopping runner and closes its record. Answers whether it is gone: not while its source keeps it.
 * Throws when the compute does; the sweep comes again.
 */
export async function endMachine(runner: Runner, ports: Ports): Promise<boolean> {
  if (isGone(runner.state)) return true;
  const letGo = await letGoBySource(runner, ports);
  if (letGo === "not yet") return false;
  try {
    await ports.compute(runner.compute)?.terminate([runner.machine]);
  } catch (error) {
    if (letGo === "withdrawn") await noteLetGo(runner, ports);
    throw error;
  }
  await dropUnused(runner, ports);
  await applyToRunner(runner, () => ({ event: "terminated", at: ports.clock.now() }), ports);
  return true;
}

/** Of a machine that is gone, or cannot be waited for: its record at the forge is cleared away as far as that goes. */
export async function endLostMachine(runner: Runner, ports: Ports): Promise<boolean> {
  if (isGone(runner.state)) return true;
  await ports.compute(runner.compute)?.terminate([runner.machine]);
  if (!isDoneAtSource(runner, ports)) await withdraw(runner, ports);
  await dropUnused(runner, ports);
  await applyToRunner(runner, () => ({ event: "terminated", at: ports.clock.now() }), ports);
  return true;
}

/** The right of one that listened is used up, and was dropped then. */
async function dropUnused(runner: Runner, ports: Ports): Promise<void> {
  if (listeningSince(runner) === undefined) await ports.ledger.dropEnrolment(runner.id);
}

/** Whether its machine may go, as far as its source has a say. `not yet`: the sweep asks again. */
async function letGoBySource(runner: Runner, ports: Ports): Promise<"withdrawn" | "over" | "not yet"> {
  if (isDoneAtSource(runner, ports)) return "over";
  if (await withdraw(runner, ports)) return "withdrawn";
  if (isPastWaiting(runner, ports)) return "over";
  ports.log.info("the source does not let go of the runner yet", { ...runnerIds(runner), source: runner.reach.source });
  return "not yet";
}

function isPastWaiting({ releasedAt, createdAt }: Runner, ports: Ports): boolean {
  const now = ports.clock.now();
  return releasedAt === null ? now - createdAt > longestJobMs : now - releasedAt > longestWithdrawalMs;
}

/** A right that was used is over by itself, one that was let go is asked for no more, and without the source there is nobody to ask. */
function isDoneAtSource({ reach, job, letGoAt }: Runner, ports: Ports): boolean {
  return !isForges(reach) || job !== null || letGoAt !== undefined || ports.source(reach.source) === undefined;
}

/** The compute may fail for long, and the forge has said its word. */
async function noteLetGo(runner: Runner, ports: Ports): Promise<void> {
  const at = ports.clock.now();
  await settle(
    runner,
    (current) => (isGone(current.state) ? undefined : { ...current, letGoAt: at, version: current.version + 1 }),
    (next) => ports.ledger.saveRunner(next),
  );
}

/** Takes its right back. `false`: it has a job there, or its source cannot be asked. */
export async function withdraw(runner: Runner, ports: Ports): Promise<boolean> {
  try {
    const handle = runner.handle ?? (await ports.ledger.readEnrolment(runner.id))?.handle ?? null;
    return (await ports.source(runner.reach.source)?.withdraw(runner, handle)) !== "busy";
  } catch (error) {
    ports.log.warn("a runner could not be withdrawn at its source", { ...runnerIds(runner), error });
    return false;
  }
}
