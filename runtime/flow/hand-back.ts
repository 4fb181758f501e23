/** Before a server leaves: runners that have no job yet are given back, and the jobs they were for wait again. */
import { isSupply } from "../core/lifecycle";
import type { Runner } from "../core/model";
import type { Ports } from "../core/ports";
import { EachAlone } from "./each-alone";
import { allViews } from "./moves";
import { retireRunner } from "./retire-runner";

/** Running jobs are left alone; the next server adopts them. What cannot be given back is left to it too. */
export async function handBack(ports: Ports): Promise<number> {
  const idle = (await allViews(ports)).flatMap((view) => view.runners).filter(isSupply);
  const alone = new EachAlone(ports.log);
  const giveBack = async ({ profile, id }: Runner): Promise<void> => {
    await retireRunner({ profile, runner: id, reason: "interrupted" }, ports);
  };
  await Promise.all(idle.map((runner) => alone.run([runner], giveBack, ({ id }) => ({ runner: id }))));
  return idle.length;
}
