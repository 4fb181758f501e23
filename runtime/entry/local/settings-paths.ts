/** Relative paths in the config file start at its folder, wherever the program is started. */
import { resolve } from "node:path";
import type {
  ComputeSettings,
  GithubAuth,
  GithubSourceSettings,
  SecretPlace,
  Settings,
  SourceSettings,
} from "../../core/settings";

export function settingsIn(folder: string, settings: Settings): Settings {
  return {
    ...settings,
    sources: settings.sources.map((source) => sourceIn(folder, source)),
    profiles: settings.profiles.map((profile) => ({ ...profile, compute: computeIn(folder, profile.compute) })),
  };
}

function sourceIn(folder: string, source: SourceSettings): SourceSettings {
  if (source.kind === "api") return source;
  const { auth, webhookSecrets, runner } = source;
  return {
    ...source,
    auth: authIn(folder, auth),
    webhookSecrets: webhookSecrets.map((place) => placeIn(folder, place)),
    runner: "path" in runner ? { path: resolve(folder, runner.path) } : runner,
  } satisfies GithubSourceSettings;
}

function authIn(folder: string, auth: GithubAuth): GithubAuth {
  if (auth.kind === "token") return { ...auth, token: placeIn(folder, auth.token) };
  return { ...auth, privateKey: placeIn(folder, auth.privateKey) };
}

function computeIn(folder: string, compute: ComputeSettings): ComputeSettings {
  if (compute.kind !== "docker") return compute;
  const { socket, registry } = compute;
  return {
    ...compute,
    socket: socket === null ? null : resolve(folder, socket),
    registry: registry && { ...registry, password: placeIn(folder, registry.password) },
  };
}

function placeIn(folder: string, place: SecretPlace): SecretPlace {
  return "file" in place ? { file: resolve(folder, place.file) } : place;
}
