/** Webhook payloads: GitHub's example payloads, with the facts of this fake in their place and all fields kept. */
import { readFileSync } from "node:fs";
import type { Installation, Job, Run } from "../model";
import { webhookProblem } from "../openapi";
import { nodeId } from "../random";
import type { World } from "../world";
import type { Json } from "./account";
import { accountJson, isoTime, organizationJson, repositoryJson } from "./account";
import { jobJson, runJson } from "./run";

export type JobAction = "queued" | "waiting" | "in_progress" | "completed";
export type RunAction = "requested" | "in_progress" | "completed";

interface Example extends Json {
  readonly action?: string;
  readonly repository: Json;
  readonly workflow_job: Json;
  readonly workflow_run: Json;
  readonly workflow: Json;
  readonly deployment?: Json;
}

let definitions: readonly { readonly name: string; readonly examples: readonly Example[] }[] | undefined;

function exampleOf(event: string, fits: (example: Example) => boolean): Example {
  const file = require.resolve("@octokit/webhooks-examples");
  definitions ??= JSON.parse(readFileSync(file, "utf8")) as NonNullable<typeof definitions>;
  const found = definitions.find(({ name }) => name === event)?.examples.find(fits);
  if (found === undefined) throw new Error(`no example of ${event}`);
  return found;
}

/** `atGate`: the job was stopped by an environment's approval, so a deployment is told with it. */
export function jobPayload(job: Job, { action, atGate }: { action: JobAction; atGate: boolean }, world: World): Json {
  const example = exampleOf(
    "workflow_job",
    (one) => one.action === action && "run_attempt" in one.workflow_job && one.deployment === undefined,
  );
  const payload = {
    action,
    workflow_job: { ...example.workflow_job, ...jobJson(job, world) },
    ...(atGate ? { deployment: deploymentJson(job, world) } : {}),
    ...surroundings(job.run, { example, world }),
  };
  return checked(`webhook-workflow-job-${action.replace("_", "-")}`, payload);
}

export function runPayload(run: Run, action: RunAction, world: World): Json {
  const near = action === "in_progress" ? "requested" : action;
  const example = exampleOf("workflow_run", (one) => one.action === near && "actor" in one.workflow_run);
  const repository = `${world.apiUrl}/repos/${run.repository.fullName}`;
  const payload = {
    action,
    workflow_run: { ...example.workflow_run, ...runJson(run, world) },
    workflow: {
      ...example.workflow,
      id: run.workflowId,
      node_id: nodeId("W", run.workflowId),
      name: run.workflow,
      path: ".github/workflows/ci.yml",
      url: `${repository}/actions/workflows/${run.workflowId}`,
      html_url: `${world.url}/${run.repository.fullName}/blob/main/.github/workflows/ci.yml`,
      badge_url: `${world.url}/${run.repository.fullName}/workflows/${run.workflow}/badge.svg`,
    },
    ...surroundings(run, { example, world }),
  };
  return checked(`webhook-workflow-run-${action.replace("_", "-")}`, payload);
}

/** Only an app's webhook says which installation it is for. */
export function withInstallation(payload: Json, installation: Installation): Json {
  return { ...payload, installation: { id: installation.id, node_id: nodeId("MDIzOk", installation.id) } };
}

function surroundings(run: Run, { example, world }: { readonly example: Example; readonly world: World }): Json {
  const { repository } = run;
  const { owner } = repository;
  return {
    repository: { ...example.repository, ...repositoryJson(repository, world) },
    ...(owner.type === "Organization" ? { organization: organizationJson(owner, world) } : {}),
    sender: accountJson(run.actor, world),
  };
}

function deploymentJson(job: Job, world: World): Json {
  const { deployment } = exampleOf("workflow_job", (one) => one.deployment !== undefined);
  const repository = `${world.apiUrl}/repos/${job.run.repository.fullName}`;
  const id = job.id + 11;
  return {
    ...deployment,
    id,
    node_id: nodeId("DE", id),
    url: `${repository}/deployments/${id}`,
    statuses_url: `${repository}/deployments/${id}/statuses`,
    repository_url: repository,
    environment: job.environment,
    original_environment: job.environment,
    created_at: isoTime(job.createdAt),
    updated_at: isoTime(job.createdAt),
    sha: job.run.headSha,
    ref: job.run.headBranch,
    creator: accountJson(job.run.actor, world),
  };
}

function checked(schema: string, payload: Json): Json {
  const problem = webhookProblem(schema, payload);
  if (problem !== null) throw new Error(`a webhook of the fake does not conform: ${problem}`);
  return payload;
}
