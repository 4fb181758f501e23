import { version as ownVersion } from "../../../package.json";
import { OnejobError } from "../../core/errors";
import { ApiError } from "../api-error";
import type { ListView, ProfileView, ReadyView, StatusView } from "../api-types";
import type { Context } from "../context";
import type { Finding } from "./check";
import { bad, good } from "./check";
import { errorText } from "../../core/error-facts";

/** Asks with the token: a server that does not know us is as good as none. */
export async function reachable(context: Context): Promise<Finding> {
  const answer = await status(context);
  if (answer.finding !== null) return answer.finding;
  return good(`${(await context.address()).url.origin} answers, and takes our token`);
}

export async function ready(context: Context): Promise<Finding> {
  try {
    const { body } = await context.api.read<ReadyView>("/ready");
    // Whatever answers there need not be a Onejob server.
    if (!Array.isArray(body.checks)) return bad("/ready does not answer as a Onejob server does", "correct --url");
    const failed = body.checks.filter(({ ok }) => !ok);
    if (body.ready) return good(`the server is ready (${body.checks.map(({ name }) => name).join(", ")})`);
    const fixes = failed.map(({ name, fix }) => `${name}: ${fix ?? "see the server's log"}`);
    return bad(`the server is not ready: ${failed.map(({ name }) => name).join(", ")}`, fixes.join("; "));
  } catch (error) {
    return failure(error);
  }
}

export async function sameVersion(context: Context): Promise<Finding> {
  const { now } = await status(context);
  if (now === null) return good(`this program is ${ownVersion}; the server's version is not known`);
  if (now.version === ownVersion) return good(`this program and the server are both ${ownVersion}`);
  return bad(
    `this program is ${ownVersion}, the server ${now.version}`,
    "restart the server with the same version as this program",
  );
}

/** Information: what is not enforced must be known, never guessed. */
export async function limits(context: Context): Promise<Finding> {
  try {
    const { items } = await context.api.get<ListView<ProfileView>>("/api/v1/profiles");
    const said = items.map(({ name, enforcement }) => `${name}: ${enforced(enforcement)}`);
    return good(`limits of jobs by profile: ${said.join("; ") || "there is no profile"}`);
  } catch {
    return good("whether limits of memory and processors hold: only a running server knows");
  }
}

function enforced(enforcement: ProfileView["enforcement"]): string {
  if (enforcement === undefined) return "not known";
  const word = (holds: boolean): string => (holds ? "enforced" : "not enforced");
  return `memory ${word(enforcement.memory)}, processors ${word(enforcement.cpu)}`;
}

type Status = { readonly now: StatusView; readonly finding: null } | { readonly now: null; readonly finding: Finding };

export async function status(context: Context): Promise<Status> {
  try {
    return { now: await context.api.get<StatusView>("/api/v1/status"), finding: null };
  } catch (error) {
    return { now: null, finding: failure(error) };
  }
}

export function failure(error: unknown): Finding {
  if (error instanceof OnejobError) return bad(error.message, error.entry.fix);
  if (error instanceof ApiError) return bad(error.message, error.fix ?? "see the server's log");
  return bad(errorText(error), "run `onejob doctor --debug`");
}
