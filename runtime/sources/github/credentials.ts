/** With what to speak for a scope: the one token, or that of the app's installation there, each with its own budget. */
import { OnejobError } from "../../core/errors";
import type { GithubAuth } from "../../core/settings";
import type { AppClient } from "./app-client";
import type { Budget } from "./budget";
import { CredentialError } from "./credential-error";
import type { Connection } from "./connection";
import { findInstallation, makeToken, suspended } from "./installations";
import type { Renewable } from "./renewable";
import { renewable } from "./renewable";
import { placeName, readCredential } from "./secrets";

export interface Credential {
  readonly id: string;
  readonly token: string;
  readonly budget: Budget;
}

export interface Credentials {
  /** Throws `source-unreachable`, `source-throttled`, `source-refused`. */
  of(scope: string): Promise<Credential>;
  /** Its token was answered 401: the next one asked for is another one, where there is one. */
  refused(scope: string, credential: Credential): void;
  /** Its token lacks a right, which may have been granted since the token was made. */
  lacking(scope: string, credential: Credential): void;
}

type TokenAuth = Extract<GithubAuth, { kind: "token" }>;

/** One with more rights may take its place at any time, and what lacks a right is not answered 401. */
const rereadMs = 60_000;
/** So often an app's token is made anew for a right that it lacks: those made earlier never have what was granted since. */
const retryRightsMs = 60_000;

export function tokenCredentials(connection: Connection, auth: TokenAuth): Credentials {
  const budget = connection.newBudget("token");
  const token = renewable(connection.clock, async () => {
    const value = await readCredential(auth.token, { secret: connection.secret, what: "the token" });
    return { value: sendable(value, `the token in ${placeName(auth.token)}`), lastsMs: rereadMs };
  });
  return {
    of: async () => ({ id: "token", token: await token.get(), budget }),
    refused: (_scope, credential) => void token.refused(credential.token),
    lacking: () => undefined,
  };
}

/** What `fetch` says about characters it cannot send quotes them. */
function sendable(token: string, what: string): string {
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  throw new CredentialError(`${what} holds characters that no token has`);
}

interface Access {
  readonly token: Renewable<string | undefined>;
  readonly budget: Budget;
}

export function appCredentials(connection: Connection, app: AppClient): Credentials {
  const installations = new Map<string, Renewable<string | undefined>>();
  const accesses = new Map<string, Access>();

  function installationOf(scope: string): Renewable<string | undefined> {
    const key = scope.toLowerCase();
    return kept(installations, key, () =>
      connection.kept.installation(key, async () => {
        const found = await findInstallation(app, scope);
        if (found.suspended) throw suspended(app);
        return { value: found.id, lastsMs: Infinity };
      }),
    );
  }
  function accessOf(installation: string): Access {
    return kept(accesses, installation, () => ({
      budget: connection.newBudget(`installation-${installation}`),
      token: connection.kept.token(installation, async () => {
        const made = await makeToken(app, installation);
        return made ?? { value: undefined, lastsMs: 0 };
      }),
    }));
  }
  async function ask(scope: string): Promise<Credential | undefined> {
    const id = await installationOf(scope).get();
    if (id === undefined) return undefined;
    const { token, budget } = accessOf(id);
    const value = await token.get();
    // Gone: it may have been installed anew since, under another id.
    if (value === undefined) installationOf(scope).refused(id);
    return value === undefined ? undefined : { id, token: value, budget };
  }

  return {
    async of(scope) {
      const credential = (await ask(scope)) ?? (await ask(scope));
      if (credential !== undefined) return credential;
      throw new OnejobError(
        "source-unreachable",
        `app ${app.appId} was removed from "${scope}": install it there again`,
      );
    },
    refused: (_scope, { id, token }) => void accessOf(id).token.refused(token),
    lacking: (_scope, { id, token }) => void accessOf(id).token.refused(token, { olderThanMs: retryRightsMs }),
  };
}

function kept<T>(map: Map<string, T>, key: string, make: () => T): T {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}
