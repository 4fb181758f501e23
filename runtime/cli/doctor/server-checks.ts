import { version as ownVersion } from "../../../package.json";
import { OnejobError } from "../../core/errors";
import { ApiError } from "../api-error";
import type { ReadyView, StatusView } from "../api-types";
import type { Context } from "../context";
import { messageOf } from "../node-error";
import type { Finding } from "./check";
import { bad, good } from "./check";

/** Asks with the token: a server that does not know us is as good as none. */
export async function reachable(context: Context): Promise<Finding> {
  const answer = await status(context);
  if (answer.finding !== null) return answer.finding;
  return good(`${context.address().url.origin} answers, and takes our token`);
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
  const { now } = await status(context);
  if (now?.enforcement === undefined)
    return good("whether memory and processor limits are enforced: ask a running server");
  return good(`memory and processor limits: ${plainText(now.enforcement)}`);
}

function plainText(value: unknown): string {
  if (typeof value !== "object" || value === null) return String(value);
  return Object.entries(value)
    .map(([name, inner]) => `${name} ${plainText(inner)}`)
    .join(", ");
}

type Status = { readonly now: StatusView; readonly finding: null } | { readonly now: null; readonly finding: Finding };

async function status(context: Context): Promise<Status> {
  try {
    return { now: await context.api.get<StatusView>("/api/v1/status"), finding: null };
  } catch (error) {
    return { now: null, finding: failure(error) };
  }
}

function failure(error: unknown): Finding {
  if (error instanceof OnejobError) return bad(error.message, error.entry.fix);
  if (error instanceof ApiError) return bad(error.message, error.fix ?? "see the server's log");
  return bad(messageOf(error), "run `onejob doctor --debug`");
}
