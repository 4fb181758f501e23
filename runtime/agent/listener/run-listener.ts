/**
 * The executor `github`: one listener of GitHub's own, from its folder to nothing left of it. The forge gives it one job
 * or none; here we only see that it listens, that a job began, and that it ended.
 */
import { join } from "node:path";
import { errorText } from "../../core/error-facts";
import { removeTree } from "../../machine/remove-tree";
import { finishedBy } from "../executor";
import type { Executor, ExecutorParts } from "../executor";
import { endedBy, reportable } from "../job";
import type { JobEnd } from "../job";
import { ownEnvironment } from "../job-environment";
import { makeJobFolders } from "../job-folders";
import { departure } from "../leave";
import { findRunner } from "./find-runner";
import { makeForkDoor } from "./fork-door";
import { listenerBasics } from "./listener-environment";
import { parseListenerOrders } from "./listener-orders";
import { ListenerRefusal } from "./listener-refusal";
import { ListenerRun } from "./listener-run";
import type { Environment, Prepared } from "./listener-run";
import { copyRunner } from "./private-copy";

export const runListener: Executor = async (payload, parts) => {
  const { session, tell, log } = parts;
  session.serveForge();
  const over = new AbortController();
  tell.interruptedBy(parts, over.signal);
  const end = await perform(payload, parts).catch((error: unknown) => failure(error, parts));
  over.abort();
  await clear(parts);
  if (session.abandonSignal.aborted) return { kind: "leave", why: departure(session) };
  log.info("the listener ended", { exitCode: end.exitCode, signal: end.signal, reason: end.reason });
  return finishedBy(end);
};

async function perform(payload: string, parts: ExecutorParts): Promise<JobEnd> {
  const prepared = await prepare(payload, parts);
  parts.session.stopSignal.throwIfAborted();
  return new ListenerRun(prepared, parts).live();
}

async function prepare(payload: string, parts: ExecutorParts): Promise<Prepared> {
  const { boot, session, inherited } = parts;
  const { credential, runner } = parseListenerOrders(payload);
  const { folder: from, origin } = await findRunner(runner, { ...parts, signal: session.stopSignal });
  const folders = await makeJobFolders(boot.jobDir, boot.user);
  const folder = join(boot.jobDir, "runner");
  await copyRunner({ from, to: folder, user: boot.user, signal: session.stopSignal });
  const door = boot.refusesForks === true ? await makeForkDoor(folder) : {};
  const environment = (inputs: Environment): Environment =>
    ownEnvironment({ boot, folders, inherited }, { ...listenerBasics, ...door, ...inputs });
  return { credential, folder, origin, environment };
}

function failure(error: unknown, { session, log, clock }: ExecutorParts): JobEnd {
  if (session.stopSignal.aborted) return endedBy(reportable(session), null, clock);
  const problem = errorText(error);
  log.error("the listener could not be run", { problem });
  if (error instanceof ListenerRefusal) return endedBy(error.reason, problem, clock);
  return endedBy("boot-failing", `the machine could not run the listener: ${problem}`, clock);
}

async function clear({ boot, processes, options, log }: ExecutorParts): Promise<void> {
  if (!(await processes.killAll(options.killLimitMs))) log.error("processes of the job do not go away");
  await removeTree(boot.jobDir, boot.user).catch((error: unknown) => {
    log.error("the folder of the job could not be removed", { problem: errorText(error) });
  });
}
