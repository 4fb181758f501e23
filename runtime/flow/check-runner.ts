/** Is the machine of this runner still there? Only its compute's word ends anything: it said so, or is asked. */
import { isGone, isStopping } from "../core/lifecycle";
import type { Runner } from "../core/model";
import type { Ports } from "../core/ports";
import { loseRunner } from "./retire-runner";

export async function checkRunner(
  { profile, runner: id, machine }: { readonly profile: string; readonly runner: string; readonly machine?: string },
  ports: Ports,
): Promise<void> {
  const runner = await ports.ledger.readRunner(profile, id);
  // One that is being ended goes, of course: who ends it writes that, and its deadline is there for when they cannot.
  if (runner === undefined || isGone(runner.state) || isStopping(runner)) return;
  // Another one with the same name, which is not this runner's: the sweep ends it.
  if (machine !== undefined && machine !== runner.machine) return;
  if (machine === undefined && (await isThere(runner, ports))) return;
  await loseRunner(runner, { reason: "agent-lost", still: () => true }, ports);
}

async function isThere(runner: Runner, ports: Ports): Promise<boolean> {
  const compute = ports.compute(runner.compute);
  if (compute === undefined) return true;
  return (await compute.list()).some(({ machine, alive }) => machine === runner.machine && alive);
}
