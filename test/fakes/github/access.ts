/** Who may do what: permissions of installations and fine-grained tokens, scopes of classic ones. */
import type { Identity } from "./auth";
import { suspended } from "./auth";
import type { Account, InstallationToken, Level, PersonalToken, Repository } from "./model";
import { notFound, Refusal } from "./reply";
import type { World } from "./world";
import { covers } from "./world";

export type Access =
  | { readonly by: "anyone" }
  | { readonly by: "app" }
  | { readonly by: "installation" }
  | {
      readonly by: "token";
      readonly permission: string;
      readonly level: Level;
      /** Of classic tokens. */
      readonly scope: "repo" | "admin:org";
      /** Runners and groups are for administrators only. */
      readonly admin: boolean;
    };

export type TokenAccess = Extract<Access, { readonly by: "token" }>;

export interface Target {
  readonly repository: Repository | null;
  readonly organization: Account | null;
}

/** The repository or organisation that a path names. Throws 404 when there is none. */
export function findTarget(params: Readonly<Record<string, string>>, world: World): Target {
  const { owner, repo, org } = params;
  if (owner !== undefined && repo !== undefined) {
    const repository = world.repository(`${owner}/${repo}`);
    if (repository === undefined) throw notFound();
    return { repository, organization: null };
  }
  if (org === undefined) return { repository: null, organization: null };
  const organization = world.account(org);
  if (organization?.type !== "Organization") throw notFound();
  return { repository: null, organization };
}

/** Throws the refusal GitHub gives to one who may not. */
export function authorize(identity: Identity, access: Access, target: Target): void {
  if (access.by === "anyone") return;
  if (access.by === "app") {
    if (identity.kind !== "app") throw new Refusal(401, "A JSON web token could not be decoded");
    return;
  }
  if (identity.kind === "anonymous") throw anonymousRefusal(target, access);
  if (identity.kind === "app") throw new Refusal(403, "Resource not accessible by integration");
  if (access.by === "installation") {
    if (identity.kind !== "installation") {
      throw new Refusal(
        403,
        "You must authenticate with an installation access token in order to list repositories for an installation.",
      );
    }
    return;
  }
  if (identity.kind === "installation") authorizeInstallation(identity, access, target);
  else authorizePerson(identity, access, target);
}

function anonymousRefusal({ repository }: Target, access: Access): Refusal {
  if (repository?.private === true) return notFound();
  return access.by === "token" && access.level === "write"
    ? new Refusal(403, "Must have admin rights to Repository.")
    : new Refusal(401, "Requires authentication");
}

function authorizeInstallation(token: InstallationToken, access: TokenAccess, target: Target): void {
  const { installation, permissions, repositories } = token;
  if (installation.suspendedAt !== null) throw suspended();
  const { repository, organization } = target;
  const denied = new Refusal(403, "Resource not accessible by integration", {
    headers: { "x-accepted-github-permissions": `${access.permission}=${access.level}` },
  });
  if (repository !== null) {
    const within = covers(installation, repository) && (repositories?.has(repository.fullName.toLowerCase()) ?? true);
    if (!within && isPublicRead(repository, access)) return;
    if (!within) throw repository.private ? notFound() : denied;
  }
  if (organization !== null && installation.account !== organization) throw denied;
  if (!grants(permissions[access.permission], access.level) && !isPublicRead(repository, access)) throw denied;
}

function authorizePerson({ grants: granted }: PersonalToken, access: TokenAccess, target: Target): void {
  const { repository, organization } = target;
  if (granted.kind === "fine-grained") {
    const name = (repository?.fullName ?? organization?.login ?? "").toLowerCase();
    if (granted.resources !== null && !granted.resources.has(name)) throw notFound();
    if (grants(granted.permissions[access.permission], access.level) || isPublicRead(repository, access)) return;
    throw new Refusal(403, "Resource not accessible by personal access token", {
      headers: { "x-accepted-github-permissions": `${access.permission}=${access.level}` },
    });
  }
  if (isPublicRead(repository, access)) return;
  const needed = { "x-oauth-scopes": granted.scopes.join(", "), "x-accepted-oauth-scopes": access.scope };
  if (!granted.scopes.includes(access.scope)) {
    if (repository?.private === true) throw new Refusal(404, "Not Found", { headers: needed });
    throw new Refusal(403, adminWords(target), { headers: needed });
  }
  if (access.admin && !granted.admin) throw new Refusal(403, adminWords(target), { headers: needed });
}

function adminWords({ organization }: Target): string {
  return organization === null
    ? "Must have admin rights to Repository."
    : "You must be an org owner or have the runners and runner groups fine-grained permission.";
}

/** Runs and jobs of public repositories are open to everybody; runners are not. */
function isPublicRead(repository: Repository | null, { level, admin }: TokenAccess): boolean {
  return repository !== null && !repository.private && level === "read" && !admin;
}

function grants(has: Level | undefined, wanted: Level): boolean {
  return has === "write" || has === wanted;
}
