/** How jobs stand at GitHub, as events: one job that is asked for, or what differs from what we know. */
import type { JobEvent, JobFacts } from "../../core/events";
import type { Job, JobState } from "../../core/model";
import { runnerName } from "../../core/model";
import type { ApiCall, GithubClient, Heard } from "./client";
import type { JobDocument } from "./job-document";
import { readJobDocument } from "./job-document";
import type { JobPlace, SourceFacts, Told } from "./job-events";
import { jobEvent, jobFacts, toldBy } from "./job-events";
import { hostOf, repositoryPath } from "./urls";

export interface JobQuestion {
  readonly known: Job;
  readonly source: SourceFacts;
  readonly background?: boolean;
}

/** `undefined`: GitHub does not know it (any more), or says of it what we do not understand. */
export async function jobState(client: GithubClient, question: JobQuestion): Promise<JobEvent | undefined> {
  const { document, heard } = (await askJob(client, question)) ?? {};
  if (document === undefined || heard === undefined) return undefined;
  return knownEvent(toldBy(document), { document, heard, ...question });
}

/** The same, where it is news to us. `isGone`: so it is taken to be where GitHub does not know it any more. */
export async function newsOfJob(
  client: GithubClient,
  { isGone, ...question }: JobQuestion & { readonly isGone: boolean },
): Promise<JobEvent | undefined> {
  const { known } = question;
  const answer = await askJob(client, question);
  if (answer === undefined) return undefined;
  const { document, heard } = answer;
  if (document === undefined) return isGone ? goneEvent(known, heard) : undefined;
  return knownEvent(newsOf(document, known), { document, heard, ...question });
}

interface Answer {
  /** `undefined`: not known there. */
  readonly document: JobDocument | undefined;
  readonly heard: Heard;
}

async function askJob(
  client: GithubClient,
  { known, source, background = false }: JobQuestion,
): Promise<Answer | undefined> {
  const { scope, origin, id, host } = known;
  // A source can be pointed at another server, which knows nothing of this one's jobs.
  if (origin === null || host !== hostOf(source.url)) return undefined;
  const path = `${repositoryPath(origin.repository)}/actions/jobs/${id}`;
  const call: ApiCall = { scope, right: "read-jobs", path, background, expect: [404] };
  const { value: document, ...heard } = await client.ask(call, (body) => readJobDocument(body, "the job"));
  return { document, heard };
}

/** Its place is as it was told first: the repository may have been renamed since, its scope configured otherwise. */
function knownEvent(told: Told | undefined, about: Omit<Finding, "place"> & JobQuestion): JobEvent | undefined {
  const { scope, origin } = about.known;
  if (told === undefined || origin === null) return undefined;
  const { repository, fork } = origin;
  return stateEvent(told, { ...about, place: { scope, repository, fork } });
}

function goneEvent(known: Job, { receivedAt }: Heard): JobEvent {
  const { key, source, host, id, scope, name, labels, url, createdAt, retries, work, origin, reach } = known;
  const own = { key, source, host, id, scope, name, labels, url, createdAt, retries, work, origin };
  return {
    kind: "cancelled",
    facts: { ...own, group: reach?.group ?? "", profile: null },
    at: receivedAt,
    receivedAt,
    delivery: ["state", id, "gone", origin?.attempt ?? 1].join("/"),
    runnerName: null,
    succeeded: null,
  };
}

export interface Finding {
  readonly document: JobDocument;
  readonly source: SourceFacts;
  readonly heard: Heard;
  readonly known: Job | undefined;
  readonly place: JobPlace;
}

export function stateEvent(told: Told, finding: Finding): JobEvent {
  const { document, source, heard, place } = finding;
  const { receivedAt, skewMs } = heard;
  const facts = factsOf(jobFacts(source, document, { ...place, receivedAt }), finding.known);
  return jobEvent(told, document, { facts, receivedAt, skewMs, delivery: deliveryOf(told, finding) });
}

function factsOf(facts: JobFacts, known: Job | undefined): JobFacts {
  return known === undefined ? facts : { ...facts, key: known.key, group: known.reach?.group ?? facts.group };
}

/** The same finding is the same delivery, so that finding it twice is harmless. */
function deliveryOf(told: Told, { document }: Finding): string {
  return ["state", document.id, told, document.attempt].join("/");
}

/** What GitHub may say that is news to a job of ours. Lists lag: that a running job is queued is an old answer. */
const news: Readonly<Record<JobState, readonly Told[]>> = {
  queued: ["waiting", "in_progress", "completed"],
  waiting: ["queued", "in_progress", "completed"],
  starting: ["waiting", "in_progress", "completed"],
  running: ["completed"],
  completed: [],
  failed: [],
  cancelled: [],
  expired: [],
};

/** What of a listed job is news to us; `undefined`: nothing. */
export function newsOf(document: JobDocument, known: Job | undefined): Told | undefined {
  const told = toldBy(document);
  if (told === undefined) return undefined;
  const isNews = known === undefined ? concernsUs(told, document) : news[known.state].includes(told);
  return isNews ? told : undefined;
}

/** Others' runners run jobs too: of those we never heard of we want what waits, and what a runner of ours took. */
function concernsUs(told: Told, { runnerName: name }: JobDocument): boolean {
  if (told === "queued" || told === "waiting") return true;
  return told === "in_progress" && name?.startsWith(runnerName("")) === true;
}
