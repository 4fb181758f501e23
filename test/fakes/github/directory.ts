/** Making the things that stand still: accounts, repositories, groups, apps, installations, tokens, webhooks. */
import { generateKeyPairSync } from "node:crypto";
import type { Account, App, Hook, Installation, Permissions, PersonalToken, Repository, RunnerGroup } from "./model";
import type { AppManifest, World } from "./world";

export interface AppSpec {
  /** @default "onejob-test" */
  readonly name?: string;
  /** @default "acme" */
  readonly owner?: string;
  /** @default what Onejob needs: runners of organisations and repositories, actions, metadata */
  readonly permissions?: Permissions;
  /** @default workflow_job and workflow_run */
  readonly events?: readonly string[];
  readonly webhook?: { readonly url: string; readonly secret?: string };
}

export interface GroupSpec {
  readonly visibility?: RunnerGroup["visibility"];
  /** Full names, for `visibility: "selected"`. */
  readonly repositories?: readonly string[];
  /** @default false, as on GitHub */
  readonly allowsPublicRepositories?: boolean;
}

export type TokenSpec =
  | {
      readonly kind: "classic";
      readonly scopes: readonly string[];
      /** Whether its owner administers the repositories and organisations. @default true */
      readonly admin?: boolean;
    }
  | {
      readonly kind: "fine-grained";
      readonly permissions: Permissions;
      /** Full names and organisations it was made for. @default all */
      readonly resources?: readonly string[];
    };

const neededPermissions: Permissions = {
  actions: "write",
  administration: "write",
  metadata: "read",
  organization_self_hosted_runners: "write",
};

/** Making a key takes a tenth of a second; two are enough to have a right and a wrong one. */
const keys: { readonly publicKey: string; readonly privateKey: string }[] = [];

export class Directory {
  private readonly world: World;

  constructor(world: World) {
    this.world = world;
  }

  account(login: string, type: Account["type"] = "Organization"): Account {
    const known = this.world.account(login);
    if (known !== undefined) return known;
    const account = { id: this.world.ids.number("account"), login, type };
    this.world.accounts.set(login.toLowerCase(), account);
    if (type === "Organization") this.addDefaultGroup(account);
    return account;
  }

  repository(fullName: string, { isPrivate = true, fork = false } = {}): Repository {
    const known = this.world.repository(fullName);
    if (known !== undefined) return known;
    const [login = "", name = ""] = fullName.split("/");
    const owner = this.account(login, fork ? "User" : "Organization");
    const repository = { id: this.world.ids.number("repository"), owner, name, fullName, private: isPrivate, fork };
    this.world.repositories.set(fullName.toLowerCase(), repository);
    return repository;
  }

  group(login: string, name: string, spec: GroupSpec = {}): RunnerGroup {
    const group: RunnerGroup = {
      id: this.world.ids.number("group"),
      organization: this.account(login),
      name,
      isDefault: false,
      visibility: spec.visibility ?? "all",
      repositories: new Set(spec.repositories?.map((one) => one.toLowerCase())),
      allowsPublicRepositories: spec.allowsPublicRepositories ?? false,
    };
    this.world.groups.push(group);
    return group;
  }

  app(spec: AppSpec = {}): App {
    const { name = "onejob-test" } = spec;
    const key = keyPair(this.world.apps.length);
    const app: App = {
      id: this.world.ids.number("app"),
      slug: name.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-"),
      name,
      clientId: `Iv23${this.world.ids.letters(16)}`,
      owner: this.account(spec.owner ?? "acme"),
      ...key,
      permissions: { metadata: "read", ...(spec.permissions ?? neededPermissions) },
      events: spec.events ?? ["workflow_job", "workflow_run"],
      createdAt: this.world.now(),
    };
    this.world.apps.push(app);
    const { url = null, secret = null } = spec.webhook ?? {};
    this.addHook({ target: { type: "integration", app }, url, secret, events: app.events });
    return app;
  }

  install(app: App, login: string, repositories?: readonly string[]): Installation {
    const installation: Installation = {
      id: this.world.ids.number("installation"),
      app,
      account: this.account(login),
      repositories: repositories === undefined ? null : new Set(repositories.map((one) => one.toLowerCase())),
      permissions: app.permissions,
      createdAt: this.world.now(),
      suspendedAt: null,
    };
    this.world.installations.push(installation);
    return installation;
  }

  uninstall(installation: Installation): void {
    const { installations, tokens } = this.world;
    installations.splice(installations.indexOf(installation), 1);
    for (const [text, token] of tokens) {
      if (token.kind === "installation" && token.installation === installation) tokens.delete(text);
    }
  }

  personalToken(spec: TokenSpec): PersonalToken {
    const { ids } = this.world;
    const token: PersonalToken = {
      kind: "personal",
      token: spec.kind === "classic" ? `ghp_${ids.letters(36)}` : `github_pat_${ids.letters(22)}_${ids.letters(59)}`,
      owner: this.account("octocat", "User"),
      grants:
        spec.kind === "classic"
          ? { kind: "classic", scopes: spec.scopes, admin: spec.admin ?? true }
          : {
              kind: "fine-grained",
              permissions: { metadata: "read", ...spec.permissions },
              resources: spec.resources === undefined ? null : new Set(spec.resources.map((one) => one.toLowerCase())),
            },
      expiresAt: null,
    };
    this.world.tokens.set(token.token, token);
    return token;
  }

  /** Of a repository (`owner/name`) or an organisation. */
  hook(
    scope: string,
    spec: { readonly url: string; readonly secret?: string; readonly events?: readonly string[] },
  ): Hook {
    const target: Hook["target"] = scope.includes("/")
      ? { type: "repository", repository: this.repository(scope) }
      : { type: "organization", account: this.account(scope) };
    const { url, secret = null, events = ["workflow_job", "workflow_run"] } = spec;
    return this.addHook({ target, url, secret, events });
  }

  /** The code that a browser brings back from GitHub after a manifest was accepted. */
  manifest(manifest: Partial<Omit<AppManifest, "owner">> & { readonly owner?: string } = {}): string {
    const code = this.world.ids.hex(40);
    const { owner = "acme", name = "onejob-made", url = "https://example.com", hookUrl = null } = manifest;
    const { permissions = neededPermissions, events = ["workflow_job", "workflow_run"] } = manifest;
    this.world.manifests.set(code, {
      name,
      url,
      hookUrl,
      permissions,
      events,
      owner: this.account(owner, owner === "octocat" ? "User" : "Organization"),
    });
    this.world.options.time.after(3_600_000, () => this.world.manifests.delete(code));
    return code;
  }

  convert(code: string): { app: App; clientSecret: string; webhookSecret: string } | undefined {
    const manifest = this.world.manifests.get(code);
    if (manifest === undefined) return undefined;
    this.world.manifests.delete(code);
    const { name, owner, permissions, events, hookUrl } = manifest;
    const webhookSecret = this.world.ids.hex(40);
    const app = this.app({ name, owner: owner.login, permissions, events });
    const hook = this.world.hookOf(app);
    if (hook !== undefined) Object.assign(hook, { url: hookUrl, secret: webhookSecret });
    return { app, clientSecret: this.world.ids.hex(40), webhookSecret };
  }

  private addHook(facts: Omit<Hook, "id">): Hook {
    const hook: Hook = { id: this.world.ids.number("hook"), ...facts };
    this.world.hooks.push(hook);
    return hook;
  }

  private addDefaultGroup(organization: Account): void {
    this.world.groups.push({
      id: 1,
      organization,
      name: "Default",
      isDefault: true,
      visibility: "all",
      repositories: new Set(),
      allowsPublicRepositories: true,
    });
  }
}

function keyPair(index: number) {
  const which = Math.min(index, 1);
  keys[which] ??= generateKeyPairSync("rsa", {
    modulusLength: 2048,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs1", format: "pem" },
  });
  return keys[which];
}
