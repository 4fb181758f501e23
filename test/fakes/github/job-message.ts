/** What a runner is told to run: the script, and the variables that stand in every job's environment. */
import type { Job, Run } from "./model";
import type { Json } from "./payloads/account";
import { accountJson, repositoryJson } from "./payloads/account";
import type { World } from "./world";

export interface JobMessage {
  readonly id: number;
  readonly name: string;
  readonly repository: string;
  readonly script: string;
  readonly env: Readonly<Record<string, string>>;
  readonly variables: Readonly<Record<string, string>>;
  /** The payload of the event that made the run, for `GITHUB_EVENT_PATH`. */
  readonly event: Json;
}

export function jobMessage(job: Job, world: World): JobMessage {
  const { run } = job;
  const fork = run.headRepository !== run.repository;
  return {
    id: job.id,
    name: job.name,
    repository: run.repository.fullName,
    script: job.script,
    env: job.env,
    variables: {
      CI: "true",
      GITHUB_ACTIONS: "true",
      GITHUB_ACTOR: run.actor.login,
      GITHUB_API_URL: world.apiUrl,
      GITHUB_BASE_REF: run.event === "pull_request" ? "main" : "",
      GITHUB_EVENT_NAME: run.event,
      GITHUB_GRAPHQL_URL: `${world.url}/api/graphql`,
      GITHUB_HEAD_REF: run.event === "pull_request" ? run.headBranch : "",
      GITHUB_JOB: job.name.toLowerCase().replaceAll(/[^a-z0-9_-]+/g, "-"),
      GITHUB_REF: run.event === "pull_request" ? "refs/pull/17/merge" : `refs/heads/${run.headBranch}`,
      GITHUB_REF_NAME: run.event === "pull_request" ? "17/merge" : run.headBranch,
      GITHUB_REF_PROTECTED: "false",
      GITHUB_REF_TYPE: "branch",
      GITHUB_REPOSITORY: run.repository.fullName,
      GITHUB_REPOSITORY_ID: String(run.repository.id),
      GITHUB_REPOSITORY_OWNER: run.repository.owner.login,
      GITHUB_REPOSITORY_OWNER_ID: String(run.repository.owner.id),
      GITHUB_RETENTION_DAYS: "90",
      GITHUB_RUN_ATTEMPT: String(job.attempt),
      GITHUB_RUN_ID: String(run.id),
      GITHUB_RUN_NUMBER: String(run.runNumber),
      GITHUB_SERVER_URL: world.url,
      GITHUB_SHA: run.headSha,
      GITHUB_TRIGGERING_ACTOR: run.actor.login,
      GITHUB_WORKFLOW: run.workflow,
      GITHUB_WORKFLOW_REF: `${run.repository.fullName}/.github/workflows/ci.yml@refs/heads/${run.headBranch}`,
      GITHUB_WORKFLOW_SHA: run.headSha,
      RUNNER_ENVIRONMENT: "self-hosted",
    },
    event: fork || run.event === "pull_request" ? pullRequestEvent(run, world) : pushEvent(run, world),
  };
}

function pushEvent(run: Run, world: World): Json {
  return {
    ref: `refs/heads/${run.headBranch}`,
    before: "0".repeat(40),
    after: run.headSha,
    repository: repositoryJson(run.repository, world),
    sender: accountJson(run.actor, world),
  };
}

function pullRequestEvent(run: Run, world: World): Json {
  const { repository, headRepository } = run;
  return {
    action: "opened",
    number: 17,
    pull_request: {
      number: 17,
      state: "open",
      head: { ref: run.headBranch, sha: run.headSha, repo: repositoryJson(headRepository, world) },
      base: { ref: "main", repo: repositoryJson(repository, world) },
      user: accountJson(run.actor, world),
    },
    repository: repositoryJson(repository, world),
    sender: accountJson(run.actor, world),
  };
}
