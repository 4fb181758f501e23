/** Source `api`, front door: a command handed to us becomes a job. Refused or stored, never half of it. */
import { OnejobError } from "../core/errors";
import type { JobFacts } from "../core/events";
import type { Job, JobKey, JobWork } from "../core/model";
import type { Ports } from "../core/ports";
import { apiHost, apiSource } from "../core/api-source";
import { routeJob } from "../core/routing";
import type { ProfileSettings } from "../core/settings";
import { admitJob } from "./admit-events";
import { findJob } from "./moves";

const idempotencyMs = 24 * 3_600_000;

export interface Submission {
  readonly command: readonly string[];
  readonly labels: readonly string[];
  readonly profile: string | null;
  readonly env: Readonly<Record<string, string>>;
  readonly timeoutMs: number | null;
  readonly retries: number;
  readonly name: string | null;
}

/** A submission whose place is known: the job does not exist yet, its bundle may be stored under `key`. */
export interface Prepared {
  readonly key: JobKey;
  readonly submission: Submission;
  readonly profile: ProfileSettings;
  readonly createdAt: number;
  /** The same request came before, and this is what it made. */
  readonly existing: Job | undefined;
}

/** Throws `bad-label`, `bad-profile`, `not-accepting`. Nothing is stored but the idempotency key. */
export async function prepareSubmission(
  submission: Submission,
  idempotencyKey: string | undefined,
  ports: Ports,
): Promise<Prepared> {
  const now = ports.clock.now();
  const profile = placeFor(submission, ports);
  const fleet = await ports.ledger.readFleet();
  if (fleet.draining) throw new OnejobError("not-accepting");
  const id = ports.random.ulid(now);
  const chosen =
    idempotencyKey === undefined
      ? id
      : await ports.ledger.remember(`idempotency/${idempotencyKey}`, id, now + idempotencyMs);
  const key = `${apiSource}/${apiHost}/${chosen}`;
  const existing = chosen === id ? undefined : await findJob(key, profile.name, ports);
  return { key, submission, profile, createdAt: now, existing };
}

/** Stores the job; from here on it is ours. Done already: answers the job that stands. */
export async function submitJob(prepared: Prepared, bundle: JobWork["bundle"], ports: Ports): Promise<Job> {
  const { key, submission, profile, createdAt } = prepared;
  const work: JobWork = {
    command: submission.command,
    env: submission.env,
    timeoutMs: Math.min(submission.timeoutMs ?? Number.POSITIVE_INFINITY, profile.timeouts.jobMs),
    bundle,
  };
  const facts: JobFacts = {
    key,
    source: apiSource,
    host: apiHost,
    id: key.slice(key.lastIndexOf("/") + 1),
    scope: "",
    group: "",
    name: submission.name ?? submission.command.join(" ").slice(0, 80),
    labels: submission.labels.length > 0 ? submission.labels : profile.labels,
    profile: profile.name,
    url: null,
    createdAt,
    retries: submission.retries,
    work,
    origin: null,
  };
  return admitJob(facts, { receivedAt: ports.clock.now(), delivery: key }, ports);
}

function placeFor(submission: Submission, ports: Ports): ProfileSettings {
  const { labels, profile } = submission;
  const settings = ports.settings();
  const route = routeJob({ labels, profile, assigns: true }, settings);
  if (route.kind === "profile") return route.profile;
  if (route.kind === "no-such-profile") {
    throw new OnejobError("bad-profile", `${route.name}; there are: ${route.known.join(", ")}`);
  }
  const near =
    route.nearest && `nearest is "${route.nearest.profile.name}", which lacks ${route.nearest.missing.join(", ")}`;
  throw new OnejobError("bad-label", [labels.join(", "), near].filter(Boolean).join("; "));
}
