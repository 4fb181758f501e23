/** Where a GitHub app is installed, and the tokens it gets there. */
import type { Fields } from "./shape";
import { fields, idText, isFields, optionalInstant, optionalText, ShapeError, textOf } from "./shape";
import { OnejobError } from "../../core/errors";
import type { AppClient } from "./app-client";
import type { AppAnswer } from "./octokit";
import { CredentialError } from "./credential-error";
import { messageIn } from "./refusals";
import { usefulMs, type Fresh } from "./renewable";
import { isRepository } from "./urls";

const usualLifeMs = 3_600_000;

export interface Installation {
  readonly id: string;
  readonly suspended: boolean;
  /** As granted, e.g. `administration: write`. */
  readonly permissions: Fields;
  /** Webhook events the app is subscribed to; `null`: the server does not say. */
  readonly events: readonly string[] | null;
}

/** Throws `source-unreachable` where the app is not installed, or suspended. */
export async function findInstallation(app: AppClient, scope: string): Promise<Installation> {
  const [owner = "", repo = ""] = scope.split("/");
  const answer = isRepository(scope)
    ? await app.call({ route: "GET /repos/{owner}/{repo}/installation", parameters: { owner, repo } })
    : await app.call({ route: "GET /orgs/{org}/installation", parameters: { org: owner } });
  if (answer.status !== 200) throw notInstalled(app, scope, answer);
  return readAnswer(answer, readInstallation);
}

function notInstalled({ appId }: AppClient, scope: string, { status, data }: AppAnswer): OnejobError {
  const words = messageIn(data);
  if (/integration not found/i.test(words))
    return new CredentialError(`there is no app ${appId} on this server: correct auth.appId`);
  const what = `app ${appId} is not installed for "${scope}" (${status}${words === "" ? "" : `, ${words}`})`;
  return new OnejobError("source-unreachable", `${what}: install it there, or correct the scope`);
}

function readInstallation(data: unknown): Installation {
  const installation = fields(data, "the installation");
  const { permissions, events } = installation;
  return {
    id: idText(plain(installation["id"]), "the installation's id"),
    suspended: optionalText(installation["suspended_at"]) !== null,
    permissions: isFields(permissions) ? permissions : {},
    events: Array.isArray(events) ? events.filter((event): event is string => typeof event === "string") : null,
  };
}

/** `undefined`: there is no such installation (any more). */
export async function makeToken(app: AppClient, installation: string): Promise<Fresh<string> | undefined> {
  const route = "POST /app/installations/{installation_id}/access_tokens";
  const answer = await app.call({ route, parameters: { installation_id: installation } });
  if (answer.status === 404) return undefined;
  const words = messageIn(answer.data);
  if (answer.status === 403 && /suspended/i.test(words)) throw suspended(app);
  if (answer.status !== 201)
    throw new OnejobError("source-refused", `app ${app.appId} gets no token (${answer.status}, ${words})`);
  return readAnswer(answer, (data) => {
    const token = fields(data, "the token");
    // By the server's clock: by ours, wrong by an hour, it would be over before it began.
    const now = app.now() + (answer.skewMs ?? 0);
    const until = optionalInstant(token["expires_at"]) ?? now + usualLifeMs;
    return { value: textOf(token["token"], "the token"), lastsMs: usefulMs(until - now) };
  });
}

export function suspended({ appId }: AppClient): OnejobError {
  return new OnejobError("source-unreachable", `app ${appId} is suspended: unsuspend it where it is installed`);
}

function readAnswer<T>({ data }: AppAnswer, read: (data: unknown) => T): T {
  try {
    return read(data);
  } catch (error) {
    if (error instanceof ShapeError) throw new OnejobError("source-unreachable", `unexpected answer: ${error.message}`);
    throw error;
  }
}

/** Octokit reads large numbers as BigInts. */
function plain(value: unknown): unknown {
  return typeof value === "bigint" ? value.toString() : value;
}
