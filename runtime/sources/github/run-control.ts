/** What can be asked of a run: to stop, to run a job of it again, whose code it is. */
import type { JobFacts } from "../../core/events";
import type { Job, JobOrigin } from "../../core/model";
import type { BoundedMap } from "./bounded-map";
import type { GithubClient } from "./client";
import type { Connection } from "./connection";
import { invalid, messageOf, refusal } from "./refusals";
import { readRun } from "./run-document";
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
  { scope, origin, id }: Job,
  { settings }: Connection,
): Promise<"asked" | "later"> {
  const path = `${repositoryPath(origin?.repository ?? "")}/actions/jobs/${id}/rerun`;
  const call = { scope, right: "control-jobs", method: "POST", path, expect: [403, 404, 409, 422] } as const;
  const { status, text } = await client.call(call, () => undefined);
  if (status < 300) return "asked";
  const words = messageOf(text);
  if (/already running|not completed|in progress/i.test(words)) return "later";
  // "Too old", "not the latest attempt": no right would help; without words of that kind one is missing.
  const isForbidden = status === 404 || /resource not accessible|must have|permission/i.test(words);
  if (isForbidden) throw refusal({ ...call, auth: settings.auth.kind, status, text });
  throw invalid({ ...call, status, text });
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
