/** Ids of runner groups by their names: a runner is registered by id, people configure names. */
import { OnejobError } from "../../core/errors";
import type { Clock } from "../../core/ports";
import type { GithubAuth } from "../../core/settings";
import type { GithubClient } from "./client";
import type { Renewable } from "./renewable";
import { renewable } from "./renewable";
import { howToGrant } from "./rights";
import { fields, idText, list, textOf } from "./shape";
import { isRepository, scopePath } from "./urls";

/** The first group of every organisation, and the only one of a repository. */
const defaultGroup = { id: "1", name: "Default" } as const;
const keptMs = 3_600_000;
/** A right that is missing may be given at any moment. */
const refusedMs = 600_000;

export interface Group {
  readonly id: string;
  readonly name: string;
}

export interface Groups {
  /** Throws `source-refused` when there is no such group, naming those there are. */
  idOf(scope: string, group: string): Promise<string>;
  /** The list is read again: groups can be deleted and made anew under the same name. */
  forget(scope: string): void;
}

export interface GroupsOptions {
  readonly client: GithubClient;
  readonly clock: Clock;
  readonly auth: GithubAuth["kind"];
}

export function openGroups({ client, clock, auth }: GroupsOptions): Groups {
  const lists = new Map<string, Renewable<readonly Group[] | null>>();

  function listOf(scope: string): Renewable<readonly Group[] | null> {
    const known = lists.get(scope);
    if (known !== undefined) return known;
    const made = renewable(clock, async () => {
      const value = await readGroups(client, scope);
      return { value, lastsMs: value === null ? refusedMs : keptMs };
    });
    lists.set(scope, made);
    return made;
  }

  return {
    async idOf(scope, group) {
      if (isRepository(scope)) return defaultGroup.id;
      return findGroup(await listOf(scope).get(), { scope, group, auth });
    },
    forget(scope) {
      lists.delete(scope);
    },
  };
}

/** `null`: the list is not for us to read. */
export async function readGroups(client: GithubClient, scope: string): Promise<readonly Group[] | null> {
  const path = `${scopePath(scope)}/actions/runner-groups?per_page=100`;
  return (await client.pages({ scope, right: "groups", path, expect: [403, 404] }, readList))?.items ?? null;
}

function readList(body: unknown): readonly Group[] {
  return list(fields(body, "the list")["runner_groups"], "runner_groups").map((item) => {
    const group = fields(item, "a runner group");
    return { id: idText(group["id"], "a runner group's id"), name: textOf(group["name"], "a runner group's name") };
  });
}

interface Wanted {
  readonly scope: string;
  readonly group: string;
  readonly auth: GithubAuth["kind"];
}

/** Throws `source-refused`. */
export function findGroup(groups: readonly Group[] | null, { scope, group, auth }: Wanted): string {
  if (groups === null) {
    if (same(group, defaultGroup.name)) return defaultGroup.id;
    throw new OnejobError(
      "source-refused",
      `the runner groups of "${scope}" cannot be read to find "${group}": ${howToGrant("groups", { scope, auth })}`,
    );
  }
  const found = groups.find(({ name }) => name === group) ?? groups.find(({ name }) => same(name, group));
  if (found !== undefined) return found.id;
  const names = groups.map(({ name }) => `"${name}"`).join(", ");
  throw new OnejobError("source-refused", `"${scope}" has no runner group "${group}"; there are ${names || "none"}`);
}

function same(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}
