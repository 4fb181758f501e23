/** Runners as GitHub lists them: found, deleted, cleared away. */
import { errorText } from "../../core/error-facts";
import type { Runner } from "../../core/model";
import { runnerName } from "../../core/model";
import type { Log } from "../../core/ports";
import type { GithubClient } from "./client";
import { fields, idText, list, textOf } from "./shape";
import { scopePath } from "./urls";

export interface ListedRunner {
  readonly id: string;
  readonly name: string;
  readonly online: boolean;
  readonly busy: boolean;
}

export interface RunnerPlace {
  readonly scope: string;
  readonly background?: boolean;
}

function readRunners(body: unknown): readonly ListedRunner[] {
  return list(fields(body, "the list")["runners"], "runners").map((item) => {
    const runner = fields(item, "a runner");
    return {
      id: idText(runner["id"], "a runner's id"),
      name: textOf(runner["name"], "a runner's name"),
      online: runner["status"] !== "offline",
      busy: runner["busy"] === true,
    };
  });
}

async function listRunners(
  client: GithubClient,
  { scope, ...how }: RunnerPlace,
  query: string,
): Promise<readonly ListedRunner[]> {
  const path = `${scopePath(scope)}/actions/runners?per_page=100${query}`;
  return (await client.pages({ scope, right: "runners", path, ...how }, readRunners))?.items ?? [];
}

/** Servers that do not know the filter `name` answer all. */
export async function findRunner(client: GithubClient, scope: string, name: string): Promise<ListedRunner | undefined> {
  const found = await listRunners(client, { scope }, `&name=${encodeURIComponent(name)}`);
  return found.find((runner) => runner.name === name);
}

/** `busy`: it has a job. */
export async function deleteRunner(
  client: GithubClient,
  { scope, ...how }: RunnerPlace,
  id: string,
): Promise<"deleted" | "absent" | "busy"> {
  const path = `${scopePath(scope)}/actions/runners/${encodeURIComponent(id)}`;
  const call = { scope, right: "runners", method: "DELETE", path, expect: [404, 422], ...how } as const;
  const { status } = await client.call(call, () => undefined);
  if (status === 422) return "busy";
  return status === 404 ? "absent" : "deleted";
}

export async function withdrawRunner(
  client: GithubClient,
  runner: Runner,
  handle: string | null,
): Promise<"withdrawn" | "busy"> {
  const { scope } = runner.reach;
  const byHandle = handle === null ? "absent" : await deleteRunner(client, { scope }, handle);
  const outcome = byHandle === "absent" ? await deleteByName(client, scope, runner.name) : byHandle;
  return outcome === "busy" ? "busy" : "withdrawn";
}

/** It may have been registered anew under the same name; and where we may not ask, 404 says nothing of any runner. */
async function deleteByName(client: GithubClient, scope: string, name: string): ReturnType<typeof deleteRunner> {
  const found = await findRunner(client, scope, name);
  return found === undefined ? "absent" : deleteRunner(client, { scope }, found.id);
}

export interface GhostHunt {
  readonly client: GithubClient;
  readonly scopes: readonly string[];
  readonly isGone: (runner: string) => Promise<boolean>;
  readonly log: Log;
}

/** Takes back runners of ours that will never come: the record of a machine that died before or after its job. */
export async function removeGhosts({ scopes, log, ...hunt }: GhostHunt): Promise<number> {
  const counts: number[] = [];
  const failures: unknown[] = [];
  for (const scope of scopes) {
    try {
      counts.push(await removeGhostsOf(scope, hunt));
    } catch (error) {
      failures.push(error);
      log.warn("left-over runners not looked for", { scope, error: errorText(error) });
    }
  }
  if (counts.length === 0 && failures.length > 0) throw failures[0] as Error;
  return counts.reduce((sum, count) => sum + count, 0);
}

async function removeGhostsOf(
  scope: string,
  { client, isGone }: Pick<GhostHunt, "client" | "isGone">,
): Promise<number> {
  const prefix = runnerName("");
  let removed = 0;
  for (const { id, name, online, busy } of await listRunners(client, { scope, background: true }, "")) {
    if (online || busy || !name.startsWith(prefix) || name === prefix) continue;
    if (!(await isGone(name.slice(prefix.length)))) continue;
    if ((await deleteRunner(client, { scope, background: true }, id)) === "deleted") removed += 1;
  }
  return removed;
}
