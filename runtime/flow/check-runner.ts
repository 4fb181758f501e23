/** Is the machine of this runner still there? The compute is asked; only its answer ends anything. */
import { isGone } from "../core/lifecycle";
import type { Ports } from "../core/ports";
import { loseRunner } from "./retire-runner";

export async function checkRunner(
  { profile, runner: id }: { readonly profile: string; readonly runner: string },
  ports: Ports,
): Promise<void> {
  const runner = await ports.ledger.readRunner(profile, id);
  if (runner === undefined || isGone(runner.state)) return;
  const compute = ports.compute(runner.compute);
  if (compute === undefined) return;
  const machine = (await compute.list()).find((candidate) => candidate.machine === runner.machine);
  if (machine?.alive !== true) await loseRunner(runner, { reason: "agent-lost", still: () => true }, ports);
}
