/** Answers about runs and jobs, as little of them as the source reads. */
import { ok, type ScriptedGithub } from "./scripted-github";

export const openRuns = ["queued", "in_progress", "waiting"] as const;
export const runsOf = (repository: string, status: string) =>
  `GET /repos/${repository}/actions/runs?status=${status}&per_page=100`;
export const jobsOf = (run: string, repository = "acme/widgets") => `GET /repos/${repository}/actions/runs/${run}/jobs`;

const repository = { full_name: "acme/widgets" };
export const run = (id: number, head: object | null = repository) => ({ id, repository, head_repository: head });
export const job = (id: number, changes: object = {}) => ({
  id,
  run_id: 31,
  run_attempt: 1,
  status: "queued",
  name: `job ${id}`,
  labels: ["linux"],
  runner_name: null,
  created_at: "2026-11-21T11:59:00Z",
  ...changes,
});

/** The repository's runs in one state; it has none in the others. */
export function serveRuns(
  github: ScriptedGithub,
  items: readonly unknown[],
  { of = "acme/widgets", status = "queued" }: { of?: string; status?: string } = {},
): void {
  for (const other of openRuns) github.on(runsOf(of, other), ok({ workflow_runs: other === status ? items : [] }));
}

export function serveJobs(github: ScriptedGithub, items: readonly unknown[], id = "31"): void {
  github.on(jobsOf(id), ok({ jobs: items }));
}
