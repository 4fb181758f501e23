/** What follows when a compute takes a machine back. Pure. */
import { isForges } from "./api-source";
import type { JobFacts } from "./events";
import { isFinal } from "./lifecycle";
import type { Job, JobKey } from "./model";
import type { ProfileSettings } from "./settings";

/** Whether what was interrupted on it is run again by itself. */
export function runsAgain(profile: ProfileSettings | null): boolean {
  return profile?.compute.kind === "ec2" && profile.compute.onInterruption === "rerun";
}

/** How often what was interrupted is run again by itself, beyond the tries it may have anyway. */
export const mostReruns = 3;

/** GitHub runs a run again fifty times. That holds as well where a job is not known again, for a name that changes. */
const mostAttempts = 50;

/** Whether its forge may be asked once more. Other jobs of its run, and people, have it run again too: that does not count. */
export function hasRerunsLeft({ origin, losses = 0 }: Pick<Job, "origin" | "losses">): boolean {
  return losses < mostReruns && (origin?.attempt ?? 1) <= mostAttempts;
}

/** Ended by an interruption, at a forge, which has to be asked. */
export function isInterruptedThere(job: Job): boolean {
  return isForges(job) && isFinal(job.state) && job.reason === "interrupted";
}

/** Whether its timeline says so already, of this attempt. */
export function isToldOfIt({ timeline, attempt }: Job): boolean {
  return timeline.some((entry) => entry.stage === "interrupted" && entry.attempt === attempt);
}

/** Longer than a forge lets anybody run something again that failed. */
export const noteMs = 31 * 24 * 3_600_000;

/** Under it stands that somebody had us cancel it: a forge says of such a job no more than of one that went with its machine. */
export function cancelNote(key: JobKey): string {
  return `cancelled/${key}`;
}

/**
 * The name under which a forge's job is known that has to come back as a new one: its name within its run. There stands
 * how often it was interrupted. `undefined`: it belongs to no run.
 */
export function rerunNote({ source, host, name, origin }: Pick<JobFacts, "source" | "host" | "name" | "origin">) {
  return origin === null ? undefined : `interrupted/${source}/${host}/${origin.run}/${name}`;
}
