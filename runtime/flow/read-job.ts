/** Reading for people: a job by whatever they have of it, its full timeline, and why it is where it is. */
import { OnejobError } from "../core/errors";
import type { Job, PlannerRecord, Runner, TimelineEntry } from "../core/model";
import type { Ports } from "../core/ports";
import { route } from "../core/routing";
import { readJobUrl } from "../core/job-url";
import { fullTimeline } from "../core/timeline";
import { explainJob, type Why } from "../core/why";

const shortestPrefix = 6;
const namedInMessage = 5;

/** By full key, id, unique prefix of an id (6 or more characters), or the source's URL of the job. */
export async function resolveJob(reference: string, ports: Ports): Promise<Job> {
  const exact = reference.includes("/") ? await ports.ledger.readJob(reference) : undefined;
  if (exact !== undefined) return exact;
  const page = readJobUrl(reference);
  if (page !== undefined) return jobOfPage(page, reference, ports);
  if (reference.length < shortestPrefix) throw new OnejobError("not-found", `no job "${reference}"`);
  const found = await ports.ledger.findJobs(reference, namedInMessage);
  const [first] = found;
  if (first === undefined) throw new OnejobError("not-found", `no job "${reference}"`);
  const whole = found.find((job) => job.id.toLowerCase() === reference.toLowerCase());
  if (whole !== undefined || found.length === 1) return whole ?? first;
  throw new OnejobError("ambiguous-job", found.map((job) => job.id).join(", "));
}

async function jobOfPage(
  { host, id }: { readonly host: string; readonly id: string },
  reference: string,
  ports: Ports,
): Promise<Job> {
  const found = await ports.ledger.findJobs(id, namedInMessage);
  const job = found.find((candidate) => candidate.id === id && candidate.host === host);
  if (job === undefined) throw new OnejobError("not-found", `no job for ${reference}`);
  return job;
}

interface Around {
  readonly planner: PlannerRecord | undefined;
  readonly runner: Runner | undefined;
}

async function around(job: Job, ports: Ports): Promise<Around> {
  if (job.profile === null) return { planner: undefined, runner: undefined };
  const { planner, runners } = await ports.ledger.readProfile(job.profile);
  return { planner, runner: runners.find((runner) => runner.id === job.runner) };
}

export async function readTimeline(job: Job, ports: Ports): Promise<readonly TimelineEntry[]> {
  return fullTimeline(job, await around(job, ports));
}

export async function readWhy(job: Job, ports: Ports): Promise<Why> {
  const routed = job.profile === null ? route(job.labels, ports.settings().profiles) : undefined;
  const nearest = routed?.kind === "no-match" ? routed.nearest : null;
  return explainJob({ job, ...(await around(job, ports)), nearest, now: ports.clock.now() });
}
