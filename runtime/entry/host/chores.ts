/** What sources are asked for from time to time, because no webhook told: jobs, lost deliveries, runners without a machine. */
import type { Ports } from "../../core/ports";
import type { GithubSourceSettings, Settings } from "../../core/settings";
import { discoverJobs, recoverDeliveries, removeGhosts } from "../../flow/ask-source";
import { placeAllAnew } from "../../flow/place-job";

export interface Chore {
  readonly name: string;
  readonly everyMs: number;
  readonly run: (ports: Ports) => Promise<unknown>;
}

const placeEveryMs = 10 * 60_000;

export function choresOf({ sources }: Settings): readonly Chore[] {
  const forges = sources.filter((source) => source.kind === "github");
  return [{ name: "places", everyMs: placeEveryMs, run: placeAllAnew }, ...forges.flatMap(choresOfForge)];
}

function choresOfForge({ name, intake, poll, recovery }: GithubSourceSettings): readonly Chore[] {
  const chores: Chore[] = [
    {
      name: `${name}: jobs`,
      everyMs: intake === "webhook" ? recovery.jobsMs : poll.intervalMs,
      run: (ports) => discoverJobs(name, ports),
    },
    { name: `${name}: ghosts`, everyMs: recovery.runnersMs, run: (ports) => removeGhosts(name, ports) },
  ];
  if (intake === "poll") return chores;
  const run = (ports: Ports): Promise<unknown> => recoverDeliveries(name, ports);
  return [...chores, { name: `${name}: deliveries`, everyMs: recovery.deliveriesMs, run }];
}
