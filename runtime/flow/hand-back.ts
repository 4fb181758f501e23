/** Before a server leaves: runners that have no job yet are given back, and the jobs they were for wait again. */
import { isSupply } from "../core/lifecycle";
import type { Ports } from "../core/ports";
import { retireRunner } from "./retire-runner";

/** Running jobs are left alone; the next server adopts them. Answers how many runners went. */
export async function handBack(ports: Ports): Promise<number> {
  const profiles = await ports.ledger.listProfiles();
  const views = await Promise.all(profiles.map((profile) => ports.ledger.readProfile(profile)));
  const idle = views.flatMap((view) => view.runners).filter(isSupply);
  await Promise.all(idle.map(({ profile, id }) => retireRunner({ profile, runner: id, reason: "interrupted" }, ports)));
  return idle.length;
}
