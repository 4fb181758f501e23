/** Makes our facts and events of what GitHub says about a job. */
import type { JobEvent, JobFacts } from "../../core/events";
import type { Instant, JobOrigin } from "../../core/model";
import type { GithubSourceSettings } from "../../core/settings";
import type { JobDocument } from "./job-document";
import { hostOf, isRepository } from "./urls";

/** How far back a webhook's own times are believed. */
const oldestClaimMs = 10 * 60_000;

/** GitHub ends every run by then. */
const longestRunMs = 35 * 86_400_000;

export type SourceFacts = Pick<GithubSourceSettings, "name" | "url" | "runnerGroup">;

export interface JobPlace {
  readonly scope: string;
  readonly repository: string;
  readonly fork: boolean | null;
}

export interface Telling {
  readonly delivery: string;
  readonly receivedAt: Instant;
  /** How far the forge's clock is ahead of ours; `null`: not known. */
  readonly skewMs: number | null;
}

export const toldKinds = ["queued", "waiting", "in_progress", "completed"] as const;
/** What GitHub tells of a job: the actions of `workflow_job`, and most values of its status. */
export type Told = (typeof toldKinds)[number];

export function isTold(word: string): word is Told {
  return (toldKinds as readonly string[]).includes(word);
}

/** Requested and pending jobs wait for something else of their run or concurrency group, as others for an approval. */
export function toldBy({ status }: JobDocument): Told | undefined {
  if (isTold(status)) return status;
  return status === "pending" || status === "requested" ? "waiting" : undefined;
}

/**
 * What an action tells. A job is announced as `queued` before its approval, too: what it waits for, the state inside says.
 * That state may be newer than the action; further than to this it is not believed, as an action of its own says it.
 */
export function toldWith(action: Told, document: JobDocument): Told {
  const inside = toldBy(document);
  const isEarly = action === "queued" || action === "waiting";
  return isEarly && (inside === "queued" || inside === "waiting") ? inside : action;
}

export function jobFacts(
  source: SourceFacts,
  document: JobDocument,
  place: JobPlace & { receivedAt: Instant },
): JobFacts {
  const host = hostOf(source.url);
  return {
    key: `${source.name}/${host}/${document.id}`,
    source: source.name,
    host,
    id: document.id,
    scope: place.scope,
    group: isRepository(place.scope) ? "" : source.runnerGroup,
    name: document.name,
    labels: document.labels,
    profile: null,
    url: document.url,
    createdAt: Math.min(document.createdAt ?? place.receivedAt, place.receivedAt),
    retries: 0,
    work: null,
    origin: originOf(document, place),
  };
}

function originOf(document: JobDocument, { repository, fork }: JobPlace): JobOrigin {
  return { repository, run: document.run, attempt: document.attempt, fork };
}

export function jobEvent(
  told: Told,
  document: JobDocument,
  { facts, ...telling }: Telling & { facts: JobFacts },
): JobEvent {
  const { receivedAt, delivery } = telling;
  const event = { facts, receivedAt, delivery, runnerName: document.runnerName, succeeded: null };
  switch (told) {
    case "queued":
    case "waiting":
      return { ...event, kind: told, at: receivedAt, runnerName: null };
    case "in_progress":
      return { ...event, kind: "started", at: happenedAt(document.startedAt, telling) };
    case "completed": {
      const at = happenedAt(document.completedAt, telling);
      return { ...event, ...ending(document), ...startOf(document, at), at };
    }
  }
}

function ending({ conclusion, runnerName }: JobDocument): Pick<JobEvent, "kind" | "succeeded"> {
  const ran = runnerName !== null;
  if (conclusion === "cancelled") return { kind: "cancelled", succeeded: null };
  if (conclusion === "success") return { kind: "finished", succeeded: true };
  if (conclusion !== "skipped" && conclusion !== "neutral") return { kind: "finished", succeeded: false };
  return ran ? { kind: "finished", succeeded: true } : { kind: "cancelled", succeeded: null };
}

/**
 * Jobs that nobody took carry a start all the same: the moment they were queued. Start and end are by the same clock, so
 * what lies between them is right whatever that clock says.
 */
function startOf(document: JobDocument, endedAt: Instant): Pick<JobEvent, "startedAt"> {
  const { startedAt, completedAt, runnerName } = document;
  if (startedAt === null || completedAt === null || runnerName === null) return {};
  const ranMs = Math.max(0, completedAt - startedAt);
  return ranMs > longestRunMs ? {} : { startedAt: endedAt - ranMs };
}

/**
 * Clocks of servers of one's own can be wrong by hours, so a claim is turned into our time where the difference is
 * known, and else believed for ten minutes only. Never later than we heard of it: durations must not be negative.
 */
function happenedAt(claimed: Instant | null, { receivedAt, skewMs }: Telling): Instant {
  if (claimed === null) return receivedAt;
  const ours = skewMs === null ? Math.max(claimed, receivedAt - oldestClaimMs) : claimed - skewMs;
  return Math.min(ours, receivedAt);
}
