/** How jobs stand at GitHub, as events: one job that is asked for, or what differs from what we know. */
import type { JobEvent, JobFacts } from "../../core/events";
import type { Instant, Job } from "../../core/model";
import { runnerName } from "../../core/model";
import type { GithubClient } from "./client";
import type { JobDocument } from "./job-document";
import { readJobDocument } from "./job-document";
import type { JobPlace, SourceFacts, Told } from "./job-events";
import { isTold, jobEvent, jobFacts } from "./job-events";
import { repositoryPath } from "./urls";

/** When and by whose clock an answer was given. */
export interface Answered {
  readonly receivedAt: Instant;
  readonly skewMs: number | null;
}

/** `undefined`: GitHub does not know it (any more), or says of it what we do not understand. */
export async function jobState(client: GithubClient, job: Job, source: SourceFacts): Promise<JobEvent | undefined> {
  const { scope, origin } = job;
  if (origin === null) return undefined;
  const path = `${repositoryPath(origin.repository)}/actions/jobs/${job.id}`;
  const answer = await client.call({ scope, right: "read-jobs", path, expect: [404] }, (body) =>
    readJobDocument(body, "the job"),
  );
  if (answer.value === undefined) return undefined;
  const told = toldBy(answer.value);
  if (told === undefined) return undefined;
  return stateEvent(told, {
    document: answer.value,
    source,
    answered: answer,
    known: job,
    place: placeOf(job, origin),
  });
}

/** Requested and pending jobs wait for something else of their run, as those that wait for an approval. */
function toldBy({ status }: JobDocument): Told | undefined {
  if (isTold(status)) return status;
  return status === "pending" || status === "requested" ? "waiting" : undefined;
}

/** As the job was told first: a repository may have been renamed since, its scope configured otherwise. */
export function placeOf({ scope }: Job, { repository, fork }: { repository: string; fork: boolean | null }): JobPlace {
  return { scope, repository, fork };
}

export interface Finding {
  readonly document: JobDocument;
  readonly source: SourceFacts;
  readonly answered: Answered;
  readonly known: Job | undefined;
  readonly place: JobPlace;
}

export function stateEvent(told: Told, finding: Finding): JobEvent {
  const { document, source, answered, place } = finding;
  const { receivedAt, skewMs } = answered;
  const facts = factsOf(jobFacts(source, document, { ...place, receivedAt }), finding.known);
  return jobEvent(told, document, { facts, receivedAt, skewMs, delivery: deliveryOf(told, finding) });
}

function factsOf(facts: JobFacts, known: Job | undefined): JobFacts {
  return known === undefined ? facts : { ...facts, key: known.key, group: known.reach?.group ?? facts.group };
}

/**
 * The same finding about the same record is the same delivery, so that finding it twice is harmless. The record's
 * version is part of it: a job can be queued, wait, and be queued again, and that is news each time.
 */
function deliveryOf(told: Told, { document, known }: Finding): string {
  return ["state", document.id, told, document.attempt, known?.version ?? 0].join("/");
}

/** What of a listed job is news to us; `undefined`: nothing. */
export function newsOf(document: JobDocument, known: Job | undefined): Told | undefined {
  const told = isTold(document.status) ? document.status : undefined;
  if (told === undefined) return undefined;
  return known === undefined ? newsOfUnknown(told, document) : newsOfKnown(told, known);
}

/** Others' runners run jobs too: only those that wait, or that a runner of ours took, concern us. */
function newsOfUnknown(told: Told, { runnerName: name }: JobDocument): Told | undefined {
  if (told === "queued" || told === "waiting") return told;
  return told === "in_progress" && name?.startsWith(runnerName("")) === true ? told : undefined;
}

/** Lists lag behind: that a running job is queued is no news but an old answer. */
function newsOfKnown(told: Told, { state, bound }: Job): Told | undefined {
  const isWaitingHere = state === "queued" || state === "starting";
  switch (told) {
    case "queued":
      return state === "waiting" ? told : undefined;
    case "waiting":
      return isWaitingHere ? told : undefined;
    case "in_progress":
      return state === "running" && bound ? undefined : told;
    case "completed":
      return told;
  }
}
