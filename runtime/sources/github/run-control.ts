/** What can be asked of a run: to stop, to run a job of it again, whose code it is. */
import { OnejobError } from "../../core/errors";
import type { JobFacts } from "../../core/events";
import type { Job, JobOrigin } from "../../core/model";
import type { GithubAuth } from "../../core/settings";
import type { BoundedMap } from "./bounded-map";
import type { GithubClient } from "./client";
import { invalid, messageOf, refusal } from "./refusals";
import { readRun } from "./run-document";
import { howToGrant } from "./rights";
import { repositoryPath } from "./urls";

/** A job alone cannot be cancelled, only its whole run. Over or gone already: no error. */
export async function cancelRun(client: GithubClient, { scope, origin }: Job): Promise<void> {
  if (origin === null) return;
  const path = `${runPath(origin)}/cancel`;
  await client.call({ scope, right: "control-jobs", method: "POST", path, expect: [404, 409] }, () => undefined);
}

/** `later`: GitHub runs nothing again while the rest of the run goes on. */
export async function rerunJob(
  client: GithubClient,
  { key, scope, origin, id }: Job,
  auth: GithubAuth["kind"],
): Promise<"asked" | "later"> {
  if (origin === null) throw new OnejobError("source-refused", `${key} belongs to no repository`);
  const path = `${repositoryPath(origin.repository)}/actions/jobs/${id}/rerun`;
  const call = { scope, right: "control-jobs", method: "POST", path, expect: [403, 404, 409, 422] } as const;
  const { status, text } = await client.call(call, () => undefined);
  if (status < 300) return "asked";
  const words = messageOf(text);
  if (/already running/i.test(words)) return "later";
  // GitHub says 403 also of jobs that are too old, or not of the run's last attempt: no right would help those.
  if (/resource not accessible|must have|not authori[sz]ed/i.test(words))
    throw refusal({ ...call, auth, status, text });
  if (status !== 404) throw invalid({ ...call, status, text });
  throw new OnejobError(
    "source-refused",
    `${key} is gone there, or else: ${howToGrant("control-jobs", { scope, auth })}`,
  );
}

/** `null`: the run is gone, or does not say. Runs do not change whose code they are, so each is asked once. */
export async function isFork(
  client: GithubClient,
  { scope, origin }: JobFacts,
  known: BoundedMap<boolean>,
): Promise<boolean | null> {
  if (origin === null || origin.fork !== null) return origin?.fork ?? null;
  const path = runPath(origin);
  const before = known.get(path);
  if (before !== undefined) return before;
  const { value } = await client.call({ scope, right: "read-jobs", path, expect: [404] }, readRun);
  const fork = value?.fork ?? null;
  if (fork !== null) known.set(path, fork);
  return fork;
}

export function runPath({ repository, run }: JobOrigin): string {
  return `${repositoryPath(repository)}/actions/runs/${run}`;
}
