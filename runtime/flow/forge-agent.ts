/**
 * What the agent of a forge's runner says. It sees that its listener begins and ends something, not what: the forge alone
 * knows which job that was, and how it ended.
 */
import type { AgentEvent } from "../core/agent-protocol";
import { isForges } from "../core/api-source";
import { isAtWork } from "../core/lifecycle";
import { runnerIds } from "../core/log-ids";
import type { Runner } from "../core/model";
import type { Ports } from "../core/ports";
import { nameItsJob } from "./name-jobs";
import { applyToRunner } from "./moves";
import { blockReach, countFailure, sourceFailure } from "./reach-state";

/** From now on it is no supply any more. Where no webhook will say which job it took, the forge is asked. */
export async function beginUnknown(runner: Runner, ports: Ports): Promise<Runner> {
  if (!isForges(runner.reach)) return runner;
  const { source: name } = runner.reach;
  const begun = await applyToRunner(runner, () => ({ event: "started", at: ports.clock.now() }), ports);
  const mustAsk = begun.moved && begun.runner.job === null && ports.source(name)?.announces === false;
  if (mustAsk) await ports.queue.send([{ kind: "discover", source: name }]);
  return begun.runner;
}

const leftWithout = "the runner program ended by itself, and GitHub knows of no job that it had";

export type Finished = Extract<AgentEvent, { readonly type: "finished" }>;

/** It has left. What it ran is named before its supply ends: else another machine is made for that same job. */
export async function leaveForge(event: Finished, runner: Runner, ports: Ports): Promise<void> {
  const { reason, detail } = event;
  if (reason === "misconfigured" || reason === "boot-failing") {
    ports.log.warn("runner program could not serve", { ...runnerIds(runner), reason, detail });
    await blockReach(runner, { reason, detail }, ports);
    await countFailure(runner, { reason, detail }, ports);
  }
  // It said so, or it ended well though nobody asked it to leave: so it has served somebody.
  const served = isAtWork(runner) || (reason === null && event.exitCode === 0 && runner.askedAt === null);
  if (!served || runner.job !== null) return;
  const named = await nameItsJob(runner, ports).catch((error: unknown) => {
    // What failed here and not there is not for us to swallow: the report comes again.
    if (sourceFailure(error) === undefined) throw error;
    ports.log.warn("the source cannot say what a runner had", { ...runnerIds(runner), error });
    return true;
  });
  // One that leaves again and again without a job would be made again and again.
  if (!named && !isAtWork(runner)) await countFailure(runner, { reason: "boot-failing", detail: leftWithout }, ports);
}
