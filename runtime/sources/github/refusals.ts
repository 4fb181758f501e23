/** Makes an error of an answer that says no: to which call, in whose words, and what to change. Never with a token. */
import { OnejobError } from "../../core/errors";
import type { GithubAuth } from "../../core/settings";
import { CredentialError } from "./credential-error";
import { parseJson } from "./lossless-json";
import type { Right } from "./rights";
import { howToGrant } from "./rights";
import { isFields, plainText } from "./shape";

export interface Refused {
  readonly method: string;
  readonly path: string;
  readonly scope: string;
  readonly right: Right;
  readonly auth: GithubAuth["kind"];
  readonly status: number;
  readonly text: string;
}

/** A missing right is often answered 404, so that nobody learns what exists. */
export function refusal(refused: Refused): OnejobError {
  const { method, path, scope, status, right, auth } = refused;
  const words = messageOf(refused.text);
  if (/suspended/i.test(words))
    return new OnejobError("source-unreachable", `the app is suspended for "${scope}": unsuspend it there`);
  const what = `${method} ${withoutQuery(path)} was answered ${status}${words === "" ? "" : ` (${words})`}`;
  if (status === 401 && auth === "app")
    // It was made a moment ago: GitHub's own servers take seconds to hear of it, or the app was just removed.
    return new OnejobError("source-unreachable", `"${scope}": ${what}, though the app's token is new`);
  if (status === 401) return new CredentialError(`"${scope}": ${what}: the token is not accepted (any more): renew it`);
  const exists = status === 404 ? `see that "${scope}" is spelled right, and ` : "";
  return new OnejobError("source-refused", `"${scope}": ${what}; ${exists}${howToGrant(right, { scope, auth })}`);
}

/** For a request that is wrong in itself: no right would help. */
export function invalid({ method, path, scope, status, text }: Omit<Refused, "right" | "auth">): OnejobError {
  const words = messageOf(text);
  return new OnejobError(
    "source-refused",
    `"${scope}": ${method} ${withoutQuery(path)} was answered ${status} (${words})`,
  );
}

/** A server in between may answer anything, HTML too. */
export function messageOf(text: string): string {
  try {
    return messageIn(parseJson(text));
  } catch {
    return "";
  }
}

/** GitHub's own sentence, and what its `errors` add. */
export function messageIn(body: unknown): string {
  if (!isFields(body) || typeof body["message"] !== "string") return "";
  const errors = Array.isArray(body["errors"]) ? body["errors"].flatMap(errorWords) : [];
  return plainText(scrub([body["message"], ...errors].join("; ")), 300);
}

function errorWords(error: unknown): string[] {
  if (typeof error === "string") return [error];
  return isFields(error) && typeof error["message"] === "string" ? [error["message"]] : [];
}

/** No server should send a token back; should one do, it ends here. */
export function scrub(text: string): string {
  return text
    .replace(/\b(?:gh[a-z]_|github_pat_|v1\.)[\w.-]{8,}/g, "***")
    .replace(/\beyJ[\w-]{8,}(?:\.[\w-]*){1,2}/g, "***");
}

function withoutQuery(path: string): string {
  return path.split("?", 1).join("");
}
