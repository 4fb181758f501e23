/** What can be asked of a run: to stop, and whose code it is. */
import type { JobFacts } from "../../core/events";
import type { Job, JobOrigin } from "../../core/model";
import type { BoundedMap } from "./bounded-map";
import type { GithubClient } from "./client";
import { readRun } from "./run-document";
import { repositoryPath } from "./urls";

/** A job alone cannot be cancelled, only its whole run. Over or gone already: no error. */
export async function cancelRun(client: GithubClient, { scope, origin }: Job): Promise<void> {
  if (origin === null) return;
  const path = `${runPath(origin)}/cancel`;
  await client.call({ scope, right: "control-jobs", method: "POST", path, expect: [404, 409] }, () => undefined);
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
