/** Whose runs are looked through for jobs we missed: GitHub has no list of the jobs of an organisation. */
import { errorText } from "../../core/error-facts";
import type { Instant, Job } from "../../core/model";
import type { GithubClient } from "./client";
import type { Connection } from "./connection";
import type { Renewable } from "./renewable";
import { renewable } from "./renewable";
import { fields, list, textOf } from "./shape";
import { isRepository, scopeOf } from "./urls";

export interface Repository {
  readonly name: string;
  readonly scope: string;
}

export interface Repositories {
  /** A job of it was seen: it is looked through for a day, even where nobody lists it. */
  note(name: string): void;
  /** Each once, those of `known` first. */
  ofInterest(known: readonly Job[]): Promise<readonly Repository[]>;
}

const listedMs = 10 * 60_000;
const notedMs = 24 * 3_600_000;

export function openRepositories(connection: Connection, client: GithubClient): Repositories {
  const { settings, clock, log } = connection;
  const noted = new Map<string, Instant>();
  const lists = new Map<string, Renewable<readonly string[]>>();

  function fresh(): string[] {
    const since = clock.now() - notedMs;
    for (const [name, at] of noted) if (at < since) noted.delete(name);
    return [...noted.keys()];
  }
  function listed(organisation: string): Renewable<readonly string[]> {
    const known = lists.get(organisation);
    if (known !== undefined) return known;
    const made = renewable(clock, async () => {
      return { value: await listInstalled(client, organisation), lastsMs: listedMs };
    });
    lists.set(organisation, made);
    return made;
  }
  async function ofScope(scope: string): Promise<readonly string[]> {
    if (isRepository(scope)) return [scope];
    return settings.auth.kind === "app" ? listed(scope).get() : [];
  }

  return {
    note(name) {
      noted.set(name, clock.now());
    },
    async ofInterest(known) {
      const ofKnown = known.flatMap(({ origin }) => (origin === null ? [] : [origin.repository]));
      const heardOf = [...ofKnown, ...fresh()];
      const failed = (scope: string, error: unknown) =>
        log.warn("repositories of a scope not looked for", { scope, error: errorText(error) });
      const ofScopes = await each(settings.scopes, ofScope, failed).catch((error: unknown) => {
        if (heardOf.length === 0) throw error;
        return [];
      });
      return distinct([...heardOf, ...ofScopes], settings.scopes);
    },
  };
}

/** One scope that cannot be asked must not hide the others; when none can be, that is said. */
async function each(
  scopes: readonly string[],
  ask: (scope: string) => Promise<readonly string[]>,
  failed: (scope: string, error: unknown) => void,
): Promise<readonly string[]> {
  const answers = await Promise.allSettled(scopes.map(ask));
  const names = answers.flatMap((answer, index) => {
    if (answer.status === "fulfilled") return answer.value;
    failed(scopes[index] ?? "", answer.reason);
    return [];
  });
  const [first] = answers;
  if (first?.status === "rejected" && answers.every(({ status }) => status === "rejected")) throw first.reason;
  return names;
}

function distinct(names: readonly string[], scopes: readonly string[]): readonly Repository[] {
  const found = new Map<string, Repository>();
  for (const name of names) {
    const scope = scopeOf(name, scopes);
    if (scope !== undefined && !found.has(name.toLowerCase())) found.set(name.toLowerCase(), { name, scope });
  }
  return [...found.values()];
}

/** An app may be installed on several owners; archived repositories run nothing. */
async function listInstalled(client: GithubClient, organisation: string): Promise<readonly string[]> {
  const path = "/installation/repositories?per_page=100";
  const call = { scope: organisation, right: "repositories", path, background: true } as const;
  const found = await client.pages(call, (body) =>
    list(fields(body, "the list")["repositories"], "repositories").flatMap((item) => {
      const repository = fields(item, "a repository");
      const isActive = repository["archived"] !== true && repository["disabled"] !== true;
      return isActive ? [textOf(repository["full_name"], "full_name")] : [];
    }),
  );
  const prefix = `${organisation.toLowerCase()}/`;
  return (found?.items ?? []).filter((name) => name.toLowerCase().startsWith(prefix));
}
