/** Who is calling: nobody, an app itself, one of its installations, or a person's token. */
import type { App, InstallationToken, PersonalToken } from "./model";
import { checkAppJwt, looksLikeJwt } from "./app-jwt";
import { Refusal } from "./reply";
import type { World } from "./world";

export type Identity =
  { readonly kind: "anonymous" } | { readonly kind: "app"; readonly app: App } | InstallationToken | PersonalToken;

/** Throws for credentials that are wrong; none at all is `anonymous`. */
export function identify(authorization: string | undefined, world: World): Identity {
  if (authorization === undefined) return { kind: "anonymous" };
  const [, , credential] = /^(bearer|token) (\S+)$/i.exec(authorization) ?? [];
  if (credential === undefined) throw badCredentials();
  if (looksLikeJwt(credential)) {
    return { kind: "app", app: checkAppJwt(credential, { apps: world.apps, nowMs: world.now() }) };
  }
  const token = world.tokens.get(credential);
  if (token === undefined || (token.expiresAt !== null && token.expiresAt <= world.now())) throw badCredentials();
  if (token.kind === "installation" && token.installation.suspendedAt !== null) throw suspended();
  return token;
}

export function badCredentials(): Refusal {
  return new Refusal(401, "Bad credentials");
}

export function suspended(): Refusal {
  return new Refusal(403, "This installation has been suspended");
}

/** Whose limits a request counts against, and how GitHub names them in its refusals. */
export function limitOwner(identity: Identity): { readonly key: string; readonly words: string } {
  switch (identity.kind) {
    case "anonymous":
      return { key: "ip", words: "127.0.0.1" };
    case "app":
      return { key: `app ${identity.app.id}`, words: `app ID ${identity.app.id}` };
    case "installation": {
      const { id } = identity.installation;
      return { key: `installation ${id}`, words: `installation ID ${id}` };
    }
    case "personal":
      return { key: `user ${identity.owner.id}`, words: `user ID ${identity.owner.id}` };
  }
}
