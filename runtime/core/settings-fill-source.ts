/** Every default of a source filled in. The file has been checked before. */
import type { GithubAuth, GithubSourceSettings, ListenerSettings, SourceSettings } from "./settings";
import { milliseconds } from "./settings-duration";
import type { FileOf } from "./settings-node";
import { githubSource } from "./settings-schema-sources";
import type { sourceKinds } from "./settings-schema-sources";
import type { Host } from "./settings-host-checks";
import { placeOf } from "./settings-secret-place";
import { apiBase, forgeOrigin } from "./settings-urls";

type SourceFile = FileOf<(typeof sourceKinds)[number]>;
type GithubFile = FileOf<typeof githubSource>;

const known = githubSource.properties;

export function fillInSource(file: SourceFile, host: Host): SourceSettings {
  return file.kind === "api" ? { name: file.name, kind: "api" } : fillInGithub(file, host);
}

function fillInGithub(file: GithubFile, host: Host): GithubSourceSettings {
  const recovery = known.recovery.properties;
  const url = file.url ?? known.url.default;
  const webhookSecrets = (file.webhookSecrets ?? []).map(placeOf);
  return {
    name: file.name,
    kind: "github",
    url: forgeOrigin(url) ?? url,
    scopes: file.scopes,
    runnerGroup: file.runnerGroup ?? known.runnerGroup.default,
    auth: authOf(file.auth),
    webhookSecrets,
    intake: file.intake ?? (host === "aws" ? "webhook" : webhookSecrets.length > 0 ? "both" : "poll"),
    poll: { intervalMs: milliseconds(file.poll?.interval, known.poll.properties.interval) },
    recovery: {
      deliveriesMs: milliseconds(file.recovery?.deliveries, recovery.deliveries),
      runnersMs: milliseconds(file.recovery?.runners, recovery.runners),
      jobsMs: milliseconds(file.recovery?.jobs, recovery.jobs),
    },
    trust: file.trust ?? null,
    runner: listenerOf(file.runner ?? {}),
  };
}

/** The checks before have seen exactly one of the two forms, whole. */
function authOf({ appId, privateKey, token }: GithubFile["auth"]): GithubAuth {
  if (token !== undefined) return { kind: "token", token: placeOf(token) };
  if (appId !== undefined && privateKey !== undefined) return { kind: "app", appId, privateKey: placeOf(privateKey) };
  throw new Error("auth says neither app nor token");
}

function listenerOf({ path, version, releasesUrl }: NonNullable<GithubFile["runner"]>): ListenerSettings {
  if (path !== undefined) return { path };
  const [runner, releases] = [known.runner.properties, releasesUrl ?? known.runner.properties.releasesUrl.default];
  return { version: version ?? runner.version.default, releasesUrl: apiBase(releases) ?? releases };
}
