/** Who speaks to GitHub for a source: its one token; or its app, as itself and for its installations. */
import type { AppClient } from "./app-client";
import { openAppClient } from "./app-client";
import type { GithubClient } from "./client";
import { openClient } from "./client";
import type { Connection } from "./connection";
import { appCredentials, tokenCredentials } from "./credentials";

export interface Speakers {
  /** `null` with a token. */
  readonly app: AppClient | null;
  readonly client: GithubClient;
}

export function openSpeakers(connection: Connection): Speakers {
  const { auth } = connection.settings;
  if (auth.kind === "token") return { app: null, client: openClient(connection, tokenCredentials(connection, auth)) };
  const app = openAppClient(connection, auth);
  return { app, client: openClient(connection, appCredentials(connection, app)) };
}
