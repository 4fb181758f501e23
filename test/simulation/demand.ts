/**
 * What is wanted and what is there, by the judge's own reckoning: from the forge's truth, from what was written of our own
 * jobs, and from the machines that really run. Nothing here asks the code that is judged.
 */
import { reachKey, runnerName, type Job, type Launch, type Runner } from "../../runtime/core/model";
import type { ForgeTruth } from "./forge-truth";
import type { Picture } from "./picture";
import type { CloudTruth, SimMachine } from "./sim-cloud";
import type { SimAgent } from "./sim-machine";
import { forgeName } from "./sim-forge";

/** What is so, whatever anybody wrote down. */
export interface Truth {
  readonly forge: ForgeTruth;
  /** Of the machines that run, by runner. */
  readonly agents: ReadonlyMap<string, SimAgent>;
  readonly cloud: CloudTruth;
}

export function placeOf({ profile, reach }: Pick<Job | Runner | Launch, "profile" | "reach">): string {
  return `${profile ?? ""} ${reach === null ? "" : reachKey(reach)}`;
}

/** As it is written: it waits for a runner and may have one. */
export function seemsToWait({ state, bound, barred }: Job): boolean {
  return (state === "queued" || state === "starting") && !bound && barred === null;
}

/** As it is written: it can take a job and has none. */
export function seemsFree({ state, job, draining }: Runner): boolean {
  return (state === "requested" || state === "booting" || state === "idle") && job === null && !draining;
}

/** It is offered at the forge, or it is one of ours that no machine has. */
export function isWanted(job: Job, { forge, agents }: Truth): boolean {
  if (job.barred !== null || job.reach === null || job.profile === null) return false;
  if (job.source === forgeName) return forge.jobs.get(job.id)?.state === "queued";
  return seemsToWait(job) && agents.get(job.runner ?? "")?.work?.job !== job.key;
}

/** It runs, was given nothing yet, and could be. */
export function isFree({ runner }: SimMachine, { forge, agents }: Truth): boolean {
  const agent = agents.get(runner);
  if (agent === undefined || agent.begun || agent.strand.dead || agent.asked !== "stay") return false;
  return (forge.runners.get(runnerName(runner))?.job ?? null) === null;
}

/** Free machines by place; those that we asked to leave count no more. */
export function supplyOf(picture: Picture, truth: Truth): ReadonlyMap<string, readonly string[]> {
  const supply = new Map<string, string[]>();
  for (const machine of picture.machines.values()) {
    const launch = picture.launches.get(machine.launch);
    const record = picture.runners.get(machine.runner);
    // Our own jobs are given out by being written down.
    const isGiven = record?.askedAt != null || (record?.job != null && launch?.reach.source !== forgeName);
    if (launch === undefined || isGiven || !isFree(machine, truth)) continue;
    const place = placeOf(launch);
    supply.set(place, [...(supply.get(place) ?? []), machine.runner]);
  }
  return supply;
}

/** Jobs by place that a machine may be kept for: also those whose end or start was not told yet. */
export function demandOf({ jobs }: Picture, truth: Truth): ReadonlyMap<string, number> {
  const demand = new Map<string, number>();
  for (const job of jobs.values())
    if (isWanted(job, truth) || seemsToWait(job)) demand.set(placeOf(job), (demand.get(placeOf(job)) ?? 0) + 1);
  return demand;
}
