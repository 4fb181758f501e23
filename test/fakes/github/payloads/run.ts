/** Workflow runs and their jobs as GitHub writes them. */
import type { Conclusion, Job, Run } from "../model";
import { nodeId } from "../random";
import type { World } from "../world";
import { latestJobs } from "../world";
import type { Json } from "./account";
import { accountJson, isoTime, minimalRepositoryJson } from "./account";

export type RunStatus = "queued" | "waiting" | "in_progress" | "completed";

export function runStatus(run: Run): RunStatus {
  const states = latestJobs(run).map(({ status }) => status);
  if (states.every((status) => status === "completed")) return "completed";
  // Some done and some not: GitHub says in progress, although nothing may run at this moment.
  if (states.some((status) => status === "in_progress" || status === "completed")) return "in_progress";
  return states.includes("queued") ? "queued" : "waiting";
}

export function runConclusion(run: Run): Conclusion | null {
  if (runStatus(run) !== "completed") return null;
  const ends = latestJobs(run).map(({ conclusion }) => conclusion);
  if (ends.includes("failure")) return "failure";
  if (ends.includes("cancelled")) return "cancelled";
  return ends.every((end) => end === "skipped") ? "skipped" : "success";
}

export function runJson(run: Run, world: World): Json {
  const repository = `${world.apiUrl}/repos/${run.repository.fullName}`;
  const api = `${repository}/actions/runs/${run.id}`;
  const actor = accountJson(run.actor, world);
  return {
    id: run.id,
    name: run.workflow,
    node_id: nodeId("WFR", run.id),
    check_suite_id: run.id + 7,
    check_suite_node_id: nodeId("CS", run.id + 7),
    head_branch: run.headBranch,
    head_sha: run.headSha,
    path: ".github/workflows/ci.yml",
    run_number: run.runNumber,
    run_attempt: run.attempt,
    display_title: `${run.workflow} on ${run.headBranch}`,
    referenced_workflows: [],
    event: run.event,
    status: runStatus(run),
    conclusion: runConclusion(run),
    workflow_id: run.workflowId,
    url: api,
    html_url: `${world.url}/${run.repository.fullName}/actions/runs/${run.id}`,
    pull_requests: [],
    created_at: isoTime(run.createdAt),
    updated_at: isoTime(run.updatedAt),
    actor,
    triggering_actor: actor,
    run_started_at: isoTime(run.startedAt),
    jobs_url: `${api}/jobs`,
    logs_url: `${api}/logs`,
    check_suite_url: `${repository}/check-suites/${run.id + 7}`,
    artifacts_url: `${api}/artifacts`,
    cancel_url: `${api}/cancel`,
    rerun_url: `${api}/rerun`,
    previous_attempt_url: run.attempt === 1 ? null : `${api}/attempts/${run.attempt - 1}`,
    workflow_url: `${repository}/actions/workflows/${run.workflowId}`,
    head_commit: commitJson(run),
    repository: minimalRepositoryJson(run.repository, world),
    head_repository: minimalRepositoryJson(run.headRepository, world),
  };
}

function commitJson(run: Run): Json {
  return {
    id: run.headSha,
    tree_id: run.headSha.split("").reverse().join(""),
    message: "Improve things",
    timestamp: isoTime(run.createdAt),
    author: { name: "Octo Cat", email: "octocat@example.com" },
    committer: { name: "GitHub", email: "noreply@example.com" },
  };
}

/** As in the REST API; webhooks take the same facts. */
export function jobJson(job: Job, world: World): Json {
  const { run } = job;
  const api = `${world.apiUrl}/repos/${run.repository.fullName}`;
  return {
    id: job.id,
    run_id: run.id,
    workflow_name: run.workflow,
    head_branch: run.headBranch,
    run_url: `${api}/actions/runs/${run.id}`,
    run_attempt: job.attempt,
    node_id: nodeId("CR", job.id),
    head_sha: run.headSha,
    url: `${api}/actions/jobs/${job.id}`,
    html_url: `${world.url}/${run.repository.fullName}/actions/runs/${run.id}/job/${job.id}`,
    status: job.status,
    conclusion: job.conclusion,
    created_at: isoTime(job.createdAt),
    // Published as required and never null: before its start a job shows when it was made.
    started_at: isoTime(job.startedAt ?? job.createdAt),
    completed_at: job.completedAt === null ? null : isoTime(job.completedAt),
    name: job.name,
    steps: job.steps,
    check_run_url: `${api}/check-runs/${job.id}`,
    labels: job.labels,
    ...takenByJson(job),
  };
}

function takenByJson({ takenBy, status }: Job): Json {
  if (takenBy !== null) {
    return {
      runner_id: takenBy.id,
      runner_name: takenBy.name,
      runner_group_id: takenBy.groupId,
      runner_group_name: takenBy.groupName,
    };
  }
  // Ended without a runner, GitHub writes zeros and empty names, not nulls.
  if (status === "completed") return { runner_id: 0, runner_name: "", runner_group_id: 0, runner_group_name: "" };
  return { runner_id: null, runner_name: null, runner_group_id: null, runner_group_name: null };
}
