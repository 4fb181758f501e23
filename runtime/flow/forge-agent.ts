/**
 * What the agent of a forge's runner says. It sees that its listener begins and ends something, not what: the forge alone
 * knows which job that was, and how it ended.
 */
import type { AgentEvent } from "../core/agent-protocol";
import type { Runner } from "../core/model";
import type { Ports } from "../core/ports";
import { hearNews } from "./ask-source";
import { lookAtJob } from "./look-at-job";
import { applyToRunner } from "./moves";
import { blockReach, countFailure } from "./reach-state";

/** From now on it is no supply any more. Where no webhook will say which job it took, the forge is asked. */
export async function beginUnknown(runner: Runner, ports: Ports): Promise<Runner> {
  const { source: name } = runner.reach;
  const source = ports.source(name);
  if (source?.assigns !== false) return runner;
  const begun = await applyToRunner(runner, () => ({ event: "started", at: ports.clock.now() }), ports);
  const mustAsk = begun.moved && begun.runner.job === null && !source.announces;
  if (mustAsk) await ports.queue.send([{ kind: "discover", source: name }]);
  return begun.runner;
}

export type Finished = Extract<AgentEvent, { readonly type: "finished" }>;

/** It has left. What it ran is named before its supply ends: else another machine is made for that same job. */
export async function leaveForge(event: Finished, runner: Runner, ports: Ports): Promise<void> {
  const { reason, detail } = event;
  if (reason === "misconfigured" || reason === "boot-failing") await blockReach(runner, { reason, detail }, ports);
  if (reason === "boot-failing") await countFailure(runner, reason, ports);
  // Nobody asked it to leave, and it ended well: so it has served somebody.
  const served = reason === null && event.exitCode === 0 && runner.askedAt === null;
  if (!served || runner.job !== null) return;
  try {
    await nameItsJob(runner, ports);
  } catch (error) {
    ports.log.warn("the source cannot say what a runner had", { runner: runner.id, error });
  }
}

/** One call where it took the job it was made for; where it took another, all of the source's are looked through. */
async function nameItsJob({ id, profile, meantFor, reach }: Runner, ports: Ports): Promise<void> {
  const isNamed = async () => (await ports.ledger.readRunner(profile, id))?.job !== null;
  if (meantFor !== null) await lookAtJob({ job: meantFor, profile }, ports);
  if (!(await isNamed())) await hearNews(reach.source, ports);
}
