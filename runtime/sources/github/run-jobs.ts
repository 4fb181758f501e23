/** The jobs of runs, and what of them is news. */
import type { JobEvent } from "../../core/events";
import type { Job } from "../../core/model";
import type { ApiCall, GithubClient, Listed } from "./client";
import type { JobDocument } from "./job-document";
import { readJobDocument } from "./job-document";
import type { JobPlace, SourceFacts } from "./job-events";
import { newsOf, stateEvent } from "./job-state";
import { readRuns, type RunDocument } from "./run-document";
import { fields, list, ShapeError } from "./shape";
import { repositoryPath } from "./urls";

/** A run may have jobs that wait for a runner in each of these. */
const openRuns = ["queued", "in_progress", "waiting"] as const;

export interface RunPlace extends JobPlace {
  readonly run: string;
}

export interface RunNews {
  readonly client: GithubClient;
  readonly source: SourceFacts;
  /** By id. */
  readonly known: ReadonlyMap<string, Job>;
}

export interface News {
  readonly events: readonly JobEvent[];
  /** Ids of all jobs the answer named; `null`: the run is gone. */
  readonly listed: readonly string[] | null;
}

/** Each once, though a run that moves on may be listed twice. */
export async function openRunsOf(
  client: GithubClient,
  scope: string,
  repository: string,
): Promise<readonly RunDocument[]> {
  const lists = await Promise.all(
    openRuns.map((status) => {
      const path = `${repositoryPath(repository)}/actions/runs?status=${status}&per_page=100`;
      return client.pages({ scope, right: "read-jobs", path, background: true }, readRuns);
    }),
  );
  const runs = lists.flatMap((found) => found?.items ?? []);
  return [...new Map(runs.map((run) => [run.id, run])).values()];
}

export async function newsOfRun({ scope, repository, fork, run }: RunPlace, about: RunNews): Promise<News> {
  const found = await latestJobsOf(about.client, { scope, repository, run, background: true });
  if (found === undefined) return { events: [], listed: null };
  const place = { scope, repository, fork };
  return {
    events: found.items.flatMap((document) => newsOfDocument(document, { about, found, place })),
    listed: found.items.map(({ id }) => id),
  };
}

export type RunJobs = Pick<RunPlace, "scope" | "repository" | "run"> & Pick<ApiCall, "background">;

/** Those of its last attempt, which has one of each that is not run again, too. `undefined`: the run is gone. */
export function latestJobsOf(
  client: GithubClient,
  { scope, repository, run, background = false }: RunJobs,
): Promise<Listed<JobDocument> | undefined> {
  const path = `${repositoryPath(repository)}/actions/runs/${run}/jobs?filter=latest&per_page=100`;
  return client.pages({ scope, right: "read-jobs", path, background, expect: [404] }, readJobs);
}

function newsOfDocument(
  document: JobDocument,
  { about, found, place }: { about: RunNews; found: Listed<unknown>; place: JobPlace },
): readonly JobEvent[] {
  const known = about.known.get(document.id);
  const told = newsOf(document, known);
  return told === undefined ? [] : [stateEvent(told, { document, source: about.source, heard: found, known, place })];
}

/** One job that cannot be read must not hide the others of its run. */
function readJobs(body: unknown): readonly JobDocument[] {
  return list(fields(body, "the list")["jobs"], "jobs").flatMap((item) => {
    try {
      return [readJobDocument(item, "a job")];
    } catch (error) {
      if (error instanceof ShapeError) return [];
      throw error;
    }
  });
}
