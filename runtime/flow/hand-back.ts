/** Before a server leaves: runners that have no job yet are given back, and the jobs they were for wait again. */
import { isForges } from "../core/api-source";
import { isAtWork, isStopping, isSupply } from "../core/lifecycle";
import { runnerIds } from "../core/log-ids";
import type { Runner } from "../core/model";
import type { Ports } from "../core/ports";
import { EachAlone } from "./each-alone";
import { allViews } from "./moves";
import { retireRunner } from "./retire-runner";

export interface HandedBack {
  readonly gone: number;
  /** Whose agents were asked to leave and have not confirmed yet: called again, this goes on with them. */
  readonly leaving: number;
}

/** Running jobs are left alone; the next server adopts them. What cannot be given back is left to it too. */
export async function handBack(ports: Ports): Promise<HandedBack> {
  const idle = (await allViews(ports)).flatMap((view) => view.runners).filter(hasNoJob);
  const alone = new EachAlone(ports.log);
  const counts = { gone: 0, leaving: 0 };
  const giveBack = async ({ profile, id, nonce, reach }: Runner): Promise<void> => {
    if (await retireRunner({ profile, runner: id, reason: "interrupted" }, ports)) counts.gone += 1;
    else if (nonce !== null && isForges(reach)) counts.leaving += 1;
  };
  await Promise.all(idle.map((runner) => alone.run([runner], giveBack, runnerIds)));
  return counts;
}

function hasNoJob(runner: Runner): boolean {
  const asked = runner.askedAt !== null && runner.job === null && !isAtWork(runner);
  return isSupply(runner) || asked || isStopping(runner);
}
