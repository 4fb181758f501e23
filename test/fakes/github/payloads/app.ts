/** Apps, their installations and tokens as GitHub writes them. */
import type { App, Installation, InstallationToken } from "../model";
import { nodeId } from "../random";
import type { World } from "../world";
import type { Json } from "./account";
import { accountJson, isoTime, repositoryJson } from "./account";

export function appJson(app: App, world: World): Json {
  return {
    id: app.id,
    slug: app.slug,
    node_id: nodeId("A", app.id),
    client_id: app.clientId,
    owner: accountJson(app.owner, world),
    name: app.name,
    description: null,
    external_url: "https://example.com",
    html_url: `${world.url}/apps/${app.slug}`,
    created_at: isoTime(app.createdAt),
    updated_at: isoTime(app.createdAt),
    permissions: app.permissions,
    events: app.events,
    installations_count: world.installations.filter((installation) => installation.app === app).length,
  };
}

export function installationJson(installation: Installation, world: World): Json {
  const { id, app, account } = installation;
  const settings = account.type === "User" ? "settings" : `organizations/${account.login}/settings`;
  return {
    id,
    client_id: app.clientId,
    account: accountJson(account, world),
    repository_selection: installation.repositories === null ? "all" : "selected",
    access_tokens_url: `${world.apiUrl}/app/installations/${id}/access_tokens`,
    repositories_url: `${world.apiUrl}/installation/repositories`,
    html_url: `${world.url}/${settings}/installations/${id}`,
    app_id: app.id,
    app_slug: app.slug,
    target_id: account.id,
    target_type: account.type,
    permissions: installation.permissions,
    events: app.events,
    created_at: isoTime(installation.createdAt),
    updated_at: isoTime(installation.createdAt),
    single_file_name: null,
    has_multiple_single_files: false,
    single_file_paths: [],
    suspended_by: installation.suspendedAt === null ? null : accountJson(app.owner, world),
    suspended_at: installation.suspendedAt === null ? null : isoTime(installation.suspendedAt),
  };
}

export function installationTokenJson(token: InstallationToken, world: World): Json {
  const selected = token.repositories;
  const named = [...world.repositories.values()].filter(({ fullName }) => selected?.has(fullName.toLowerCase()));
  return {
    token: token.token,
    expires_at: isoTime(token.expiresAt),
    permissions: token.permissions,
    repository_selection: selected === null ? "all" : "selected",
    ...(selected === null ? {} : { repositories: named.map((repository) => repositoryJson(repository, world)) }),
  };
}
