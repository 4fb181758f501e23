/** Installations of an app, their tokens, the deliveries of its webhook, and the making of an app from a manifest. */
import { appJson, installationJson, installationTokenJson } from "../payloads/app";
import { repositoryJson } from "../payloads/account";
import { suspended } from "../auth";
import type { App, Installation, InstallationToken, Level } from "../model";
import { notFound, Refusal } from "../reply";
import type { Call, Route } from "../route";
import { pageOf } from "../route";
import type { World } from "../world";

export interface AppActions {
  /** Makes the app that a manifest's code stands for, once; `undefined` for an unknown code. */
  convert(
    code: string,
  ): { readonly app: App; readonly clientSecret: string; readonly webhookSecret: string } | undefined;
}

interface TokenRequest {
  readonly repositories?: readonly string[];
  readonly repository_ids?: readonly number[];
  readonly permissions?: Readonly<Record<string, Level>>;
}

export function appRoutes(world: World, actions: AppActions): Route[] {
  return [...finding(world), tokenRoute(world), repositoriesRoute(world), manifestRoute(world, actions)];
}

function finding(world: World): Route[] {
  return (["/repos/{owner}/{repo}/installation", "/orgs/{org}/installation"] as const).map((template) => ({
    method: "GET",
    template,
    access: { by: "app" },
    handle: (call) => {
      const app = appOf(call);
      const { repository, organization } = call;
      const candidates = repository === null ? world.installations : world.installationsOn(repository);
      const found = candidates.find(
        (installation) => installation.app === app && (repository !== null || installation.account === organization),
      );
      if (found === undefined) throw notFound();
      return { status: 200, body: installationJson(found, world) };
    },
  }));
}

function tokenRoute(world: World): Route {
  return {
    method: "POST",
    template: "/app/installations/{installation_id}/access_tokens",
    access: { by: "app" },
    handle: (call) => {
      const id = Number(call.params.installation_id);
      const app = appOf(call);
      const installation = world.installations.find((other) => other.id === id && other.app === app);
      if (installation === undefined) throw notFound();
      if (installation.suspendedAt !== null) throw suspended();
      const token = makeToken(world, { installation, wanted: (call.body ?? {}) as TokenRequest });
      return { status: 201, body: installationTokenJson(token, world) };
    },
  };
}

function makeToken(
  world: World,
  { installation, wanted }: { readonly installation: Installation; readonly wanted: TokenRequest },
): InstallationToken {
  const permissions = wanted.permissions ?? installation.permissions;
  for (const [name, level] of Object.entries(permissions)) {
    const has = installation.permissions[name];
    if (has !== "write" && has !== level) {
      throw new Refusal(422, "The permissions requested are not granted to this installation.");
    }
  }
  const { app } = installation;
  const letters = world.ids.letters(36);
  const stateless = `ghs_${app.id}_${world.ids.letters(90)}.${world.ids.letters(260)}.${world.ids.letters(86)}`;
  const token: InstallationToken = {
    kind: "installation",
    token: world.options.installationTokens === "stateless" ? stateless : `ghs_${letters}`,
    installation,
    permissions: { ...permissions, metadata: "read" },
    repositories: narrowed(world, { installation, wanted }),
    expiresAt: world.now() + 3_600_000,
  };
  world.tokens.set(token.token, token);
  return token;
}

function narrowed(
  world: World,
  { installation, wanted }: { readonly installation: Installation; readonly wanted: TokenRequest },
): ReadonlySet<string> | null {
  if (wanted.repositories === undefined && wanted.repository_ids === undefined) return installation.repositories;
  const reachable = [...world.repositories.values()].filter((one) => world.installationsOn(one).includes(installation));
  const named = (wanted.repositories ?? []).map((name) => reachable.find((one) => one.name === name));
  const numbered = (wanted.repository_ids ?? []).map((id) => reachable.find((one) => one.id === id));
  const names = [...named, ...numbered].map((repository) => {
    if (repository !== undefined) return repository.fullName.toLowerCase();
    throw new Refusal(
      422,
      "There is at least one repository that does not exist or is not accessible to the parent installation.",
    );
  });
  return new Set(names);
}

function repositoriesRoute(world: World): Route {
  return {
    method: "GET",
    template: "/installation/repositories",
    access: { by: "installation" },
    handle: (call) => {
      if (call.identity.kind !== "installation") throw notFound();
      const { installation, repositories } = call.identity;
      const all = [...world.repositories.values()]
        .filter((one) => world.installationsOn(one).includes(installation))
        .filter((one) => repositories?.has(one.fullName.toLowerCase()) ?? true);
      const { items, headers } = pageOf(call, all);
      return {
        status: 200,
        body: {
          total_count: all.length,
          repository_selection: repositories === null ? "all" : "selected",
          repositories: items.map((repository) => repositoryJson(repository, world)),
        },
        headers,
      };
    },
  };
}

function manifestRoute(world: World, actions: AppActions): Route {
  return {
    method: "POST",
    template: "/app-manifests/{code}/conversions",
    access: { by: "anyone" },
    handle: (call) => {
      const made = actions.convert(call.params.code ?? "");
      if (made === undefined) throw notFound();
      const { app, clientSecret, webhookSecret } = made;
      return {
        status: 201,
        body: {
          ...appJson(app, world),
          client_secret: clientSecret,
          webhook_secret: webhookSecret,
          pem: app.privateKey,
        },
      };
    },
  };
}

function appOf({ identity }: Call): App {
  if (identity.kind !== "app") throw notFound();
  return identity.app;
}
