/** Workflow runs and their jobs. */
import type { TokenAccess } from "../access";
import type { Job, Run } from "../model";
import { jobJson, runConclusion, runJson, runStatus } from "../payloads/run";
import { notFound } from "../reply";
import type { Call, Route } from "../route";
import { pageOf, repositoryOf } from "../route";
import type { World } from "../world";
import { latestJobs } from "../world";

const prefix = "/repos/{owner}/{repo}/actions";
const reading: TokenAccess = { by: "token", permission: "actions", level: "read", scope: "repo", admin: false };
const changing: TokenAccess = { ...reading, level: "write" };

export interface RunActions {
  /** Throws 409 for a run that is over. */
  cancelRun(run: Run): void;
  /** Throws 403 while the run goes on. */
  rerun(job: Job): void;
}

export function runRoutes(world: World, actions: RunActions): Route[] {
  return [...runReading(world), ...jobReading(world), ...changes(world, actions)];
}

function runReading(world: World): Route[] {
  return [
    {
      method: "GET",
      template: `${prefix}/runs`,
      access: reading,
      handle: (call) => {
        const all = world.runsOf(repositoryOf(call)).filter((run) => isAskedFor(run, call.url.searchParams));
        const { items, headers } = pageOf(call, all);
        const runs = items.map((run) => runJson(run, world));
        return { status: 200, body: { total_count: all.length, workflow_runs: runs }, headers };
      },
    },
    {
      method: "GET",
      template: `${prefix}/runs/{run_id}`,
      access: reading,
      handle: (call) => ({ status: 200, body: runJson(runOf(call, world), world) }),
    },
  ];
}

function jobReading(world: World): Route[] {
  return [
    {
      method: "GET",
      template: `${prefix}/runs/{run_id}/jobs`,
      access: reading,
      handle: (call) => {
        const run = runOf(call, world);
        const all = call.url.searchParams.get("filter") === "all" ? run.jobs : latestJobs(run);
        const { items, headers } = pageOf(call, all);
        return {
          status: 200,
          body: { total_count: all.length, jobs: items.map((job) => jobJson(job, world)) },
          headers,
        };
      },
    },
    {
      method: "GET",
      template: `${prefix}/jobs/{job_id}`,
      access: reading,
      handle: (call) => ({ status: 200, body: jobJson(jobOf(call, world), world) }),
    },
  ];
}

function changes(world: World, actions: RunActions): Route[] {
  return [
    {
      method: "POST",
      template: `${prefix}/runs/{run_id}/cancel`,
      access: changing,
      handle: (call) => {
        actions.cancelRun(runOf(call, world));
        return { status: 202, body: {} };
      },
    },
    {
      method: "POST",
      template: `${prefix}/jobs/{job_id}/rerun`,
      access: changing,
      handle: (call) => {
        actions.rerun(jobOf(call, world));
        return { status: 201, body: {} };
      },
    },
  ];
}

function isAskedFor(run: Run, query: URLSearchParams): boolean {
  const wanted = { status: query.get("status"), event: query.get("event"), branch: query.get("branch") };
  if (wanted.event !== null && wanted.event !== run.event) return false;
  if (wanted.branch !== null && wanted.branch !== run.headBranch) return false;
  return wanted.status === null || wanted.status === runStatus(run) || wanted.status === runConclusion(run);
}

function runOf(call: Call, world: World): Run {
  const run = world.runs.get(Number(call.params.run_id));
  if (run === undefined || run.repository !== repositoryOf(call)) throw notFound();
  return run;
}

function jobOf(call: Call, world: World): Job {
  const job = world.jobs.get(Number(call.params.job_id));
  if (job === undefined || job.run.repository !== repositoryOf(call)) throw notFound();
  return job;
}
