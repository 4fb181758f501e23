/** What no single key of a source `github` can say: two ways to be known at once, scopes that two sources would serve. */
import type { Problem } from "./settings-check";
import type { Entry } from "./settings-entries";
import { isGroup, repeated, textOf } from "./settings-entries";
import { githubSource } from "./settings-schema-sources";
import { forgeOrigin } from "./settings-urls";
import { quoted } from "./settings-words";

export function githubProblems(sources: readonly Entry[]): Problem[] {
  const github = sources.filter((entry) => textOf(entry, "kind") === "github");
  return [
    ...github.flatMap((entry) => [
      ...authProblems(entry),
      ...runnerProblems(entry),
      ...intakeProblems(entry),
      ...doubledScopes(entry),
    ]),
    ...sharedScopes(github),
  ];
}

const howToBeKnown = "write { token: { env: GH_TOKEN } }, or { appId: 12345, privateKey: { file: ./app.pem } }";

function authProblems({ path: source, value }: Entry): Problem[] {
  const { auth } = value;
  if (!isGroup(auth)) return [];
  const path = `${source}.auth`;
  const [isApp, isToken] = [has(auth, "appId") || has(auth, "privateKey"), has(auth, "token")];
  if (isApp && isToken) return [{ path, what: "is both an app and a token", fix: `keep one: ${howToBeKnown}` }];
  if (isToken) return [];
  if (!isApp) return [{ path, what: "says neither app nor token", fix: howToBeKnown }];
  return (["appId", "privateKey"] as const).flatMap((key): Problem[] => {
    const example = key === "appId" ? "appId: 12345" : "privateKey: { file: ./app.pem }";
    return has(auth, key) ? [] : [{ path: `${path}.${key}`, what: "is missing", fix: `add ${example}` }];
  });
}

function has(group: Readonly<Record<string, unknown>>, key: string): boolean {
  return group[key] !== undefined;
}

function runnerProblems({ path: source, value }: Entry): Problem[] {
  const { runner } = value;
  if (!isGroup(runner) || !has(runner, "path")) return [];
  return ["version", "releasesUrl"]
    .filter((key) => has(runner, key))
    .map((key) => ({
      path: `${source}.runner.${key}`,
      what: "has no effect beside `path`: what stands there is used as it is",
      fix: `remove ${key}, or remove path to have the runner installed`,
    }));
}

function intakeProblems(entry: Entry): Problem[] {
  const intake = textOf(entry, "intake");
  const secrets = entry.value["webhookSecrets"];
  if (intake !== "webhook" && intake !== "both") return [];
  if (secrets !== undefined && !(Array.isArray(secrets) && secrets.length === 0)) return [];
  return [
    {
      path: `${entry.path}.intake`,
      what: `${quoted(intake)} takes webhooks, but there is no secret to verify them with`,
      fix: "add webhookSecrets: [{ env: GH_WEBHOOK_SECRET }], or write intake: poll",
    },
  ];
}

interface Scope {
  readonly entry: Entry;
  readonly path: string;
  readonly name: string;
  readonly folded: string;
}

function scopesOf(entry: Entry): Scope[] {
  const scopes = entry.value["scopes"];
  if (!Array.isArray(scopes)) return [];
  return scopes.flatMap((scope: unknown, index) =>
    typeof scope === "string"
      ? [{ entry, path: `${entry.path}.scopes[${index}]`, name: scope, folded: scope.toLowerCase() }]
      : [],
  );
}

function doubledScopes(entry: Entry): Problem[] {
  return repeated(scopesOf(entry), ({ folded }) => folded).map(({ item }) => ({
    path: item.path,
    what: `${quoted(item.name)} is listed twice, case aside`,
    fix: "remove one of them",
  }));
}

/** Two sources that hear of one job would each make a machine for it. */
function sharedScopes(sources: readonly Entry[]): Problem[] {
  return sources.flatMap((entry, index) =>
    scopesOf(entry).flatMap((scope): Problem[] => {
      const others = sources.slice(0, index).filter((other) => hostOf(other) === hostOf(entry));
      const shared = others.flatMap(scopesOf).find((other) => covers(other, scope) || covers(scope, other));
      if (shared === undefined) return [];
      const what = `${quoted(scope.name)} shares jobs with ${shared.path} (${quoted(shared.name)}), and both sources would serve them`;
      return [{ path: scope.path, what, fix: "keep it in one of the two sources" }];
    }),
  );
}

function covers(wide: Scope, narrow: Scope): boolean {
  return narrow.folded === wide.folded || narrow.folded.startsWith(`${wide.folded}/`);
}

function hostOf(entry: Entry): string | undefined {
  const url = entry.value["url"];
  if (url === undefined) return githubSource.properties.url.default;
  return typeof url === "string" ? (forgeOrigin(url) ?? url) : undefined;
}
