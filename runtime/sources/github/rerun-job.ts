/**
 * Has a job of GitHub's run again. GitHub runs nothing again while the run goes on, and then only jobs of its last
 * attempt: each attempt has all jobs of the run under ids of its own, those that were not run again with their old result.
 */
import { OnejobError } from "../../core/errors";
import type { Job, JobOrigin } from "../../core/model";
import type { GithubAuth } from "../../core/settings";
import type { GithubClient } from "./client";
import type { JobDocument } from "./job-document";
import { readJobDocument } from "./job-document";
import { invalid, messageOf, refusal } from "./refusals";
import type { Right } from "./rights";
import { howToGrant } from "./rights";
import { runPath } from "./run-control";
import { readRun } from "./run-document";
import { latestJobsOf } from "./run-jobs";
import { repositoryPath } from "./urls";

export interface Again {
  readonly job: Job;
  /** One that succeeded, or has been run again by somebody, is left alone. */
  readonly unlessDone: boolean;
  readonly auth: GithubAuth["kind"];
}

interface Asking extends Again {
  readonly client: GithubClient;
  readonly origin: JobOrigin;
}

export async function rerunJob(client: GithubClient, again: Again): Promise<"asked" | "later"> {
  const { job, unlessDone } = again;
  const { origin } = job;
  if (origin === null) throw new OnejobError("source-refused", `${job.key} belongs to no repository`);
  const asking: Asking = { ...again, client, origin };
  if (!(await isOver(asking))) return "later";
  const latest = await latestOf(asking);
  if (latest === "run again") {
    if (unlessDone) return "asked";
    throw new OnejobError("source-refused", `${job.key} has been run again since: ask for the job that came of it`);
  }
  return unlessDone && latest.conclusion === "success" ? "asked" : order(latest, asking);
}

/** Asked again and again while a run goes on, so by a call that costs nothing when nothing has changed. */
async function isOver(asking: Asking): Promise<boolean> {
  const { client, job, origin } = asking;
  const path = runPath(origin);
  const { value } = await client.ask({ scope: job.scope, right: "read-jobs", path, expect: [404] }, readRun);
  if (value === undefined) throw gone("read-jobs", asking);
  return (value.status ?? "completed") === "completed";
}

/** What stands for it in the run's last attempt. `run again`: another one that came of it. */
async function latestOf(asking: Asking): Promise<JobDocument | "run again"> {
  const { client, job, origin } = asking;
  const { repository, run } = origin;
  const listed = (await latestJobsOf(client, { scope: job.scope, repository, run }))?.items ?? [];
  const itself = listed.find(({ id }) => id === job.id);
  if (itself !== undefined) return itself;
  const before = await ofEarlierAttempt(asking);
  const namesakes = listed.filter(({ name }) => name === (before?.name ?? job.name));
  const copy = before === undefined ? namesakes[0] : namesakes.find((document) => isCopy(document, before));
  if (namesakes.length === 0) throw gone("read-jobs", asking);
  return copy ?? "run again";
}

async function ofEarlierAttempt({ client, job, origin }: Asking): Promise<JobDocument | undefined> {
  const path = `${repositoryPath(origin.repository)}/actions/jobs/${job.id}`;
  const call = { scope: job.scope, right: "read-jobs", path, expect: [404] } as const;
  return (await client.ask(call, (body) => readJobDocument(body, "the job"))).value;
}

/** Runners for one job have names of their own, so one that was run again has another. */
function isCopy({ conclusion, runnerName }: JobDocument, before: JobDocument): boolean {
  return conclusion === before.conclusion && (runnerName ?? before.runnerName) === before.runnerName;
}

async function order({ id }: JobDocument, asking: Asking): Promise<"asked" | "later"> {
  const { client, job, origin, auth } = asking;
  const { scope } = job;
  const path = `${repositoryPath(origin.repository)}/actions/jobs/${id}/rerun`;
  const call = { scope, right: "control-jobs", method: "POST", path, expect: [403, 404, 409, 422] } as const;
  const { status, text } = await client.call(call, () => undefined);
  if (status < 300) return "asked";
  const words = messageOf(text);
  if (/already running/i.test(words)) return "later";
  // GitHub says 403 also of jobs that are too old, or not of the run's last attempt: no right would help those.
  if (/resource not accessible|must have|not authori[sz]ed/i.test(words))
    throw refusal({ ...call, auth, status, text });
  if (status === 404) throw gone("control-jobs", asking);
  // Somebody may have had another job of the run go again a moment ago.
  if (!(await isOver(asking))) return "later";
  throw invalid({ ...call, status, text });
}

function gone(right: Right, { job, auth }: Asking): OnejobError {
  const { key, scope } = job;
  return new OnejobError("source-refused", `${key} is gone there, or else: ${howToGrant(right, { scope, auth })}`);
}
