/** Jobs as the API shows them: a job that waits says what holds its profile back at the moment. */
import { isDemand } from "../../core/lifecycle";
import type { Job, PlannerRecord } from "../../core/model";
import type { Ports } from "../../core/ports";
import { jobJson, type JobJson } from "../../core/present";

/** Each profile's planner is read once, and only where a job waits for it. */
export async function presentJobs(jobs: readonly Job[], ports: Ports): Promise<readonly JobJson[]> {
  const profiles = new Set(jobs.filter(waits).map((job) => job.profile ?? ""));
  const planners = new Map<string | null, PlannerRecord>();
  for (const profile of profiles) planners.set(profile, (await ports.ledger.readProfile(profile)).planner);
  return jobs.map((job) => jobJson(job, planners.get(job.profile)));
}

export async function presentJob(job: Job, ports: Ports): Promise<JobJson> {
  const planner = waits(job) ? (await ports.ledger.readProfile(job.profile ?? "")).planner : undefined;
  return jobJson(job, planner);
}

function waits(job: Job): boolean {
  return job.profile !== null && job.runner === null && isDemand(job);
}
