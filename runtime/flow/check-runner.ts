/** Is the machine of this runner still there? The compute is asked; only its answer ends anything. */
import { isGone, isStopping } from "../core/lifecycle";
import type { Ports } from "../core/ports";
import { loseRunner } from "./retire-runner";

export async function checkRunner(
  { profile, runner: id }: { readonly profile: string; readonly runner: string },
  ports: Ports,
): Promise<void> {
  const runner = await ports.ledger.readRunner(profile, id);
  // One that is being ended goes, of course: who ends it writes that, and its deadline is there for when they cannot.
  if (runner === undefined || isGone(runner.state) || isStopping(runner)) return;
  const compute = ports.compute(runner.compute);
  if (compute === undefined) return;
  const machine = (await compute.list()).find((candidate) => candidate.machine === runner.machine);
  if (machine?.alive !== true) await loseRunner(runner, { reason: "agent-lost", still: () => true }, ports);
}
