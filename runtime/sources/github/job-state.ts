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
export function jobState(client: GithubClient, question: JobQuestion): Promise<JobEvent | undefined> {
  return askJob(client, question, toldBy);
}

/** The same, where it is news to us. */
export function newsOfJob(client: GithubClient, question: JobQuestion): Promise<JobEvent | undefined> {
  return askJob(client, question, (document) => newsOf(document, question.known));
}

async function askJob(
  client: GithubClient,
  { known, source, background = false }: JobQuestion,
  judge: (document: JobDocument) => Told | undefined,
): Promise<JobEvent | undefined> {
  const { scope, origin, id, host } = known;
  // A source can be pointed at another server, which knows nothing of this one's jobs.
  if (origin === null || host !== hostOf(source.url)) return undefined;
  const path = `${repositoryPath(origin.repository)}/actions/jobs/${id}`;
  const call: ApiCall = { scope, right: "read-jobs", path, background, expect: [404] };
  const { value: document, ...heard } = await client.ask(call, (body) => readJobDocument(body, "the job"));
  const told = document === undefined ? undefined : judge(document);
  if (document === undefined || told === undefined) return undefined;
  // Its place is as it was told first: the repository may have been renamed since, its scope configured otherwise.
  const { repository, fork } = origin;
  return stateEvent(told, { document, source, heard, known, place: { scope, repository, fork } });
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
