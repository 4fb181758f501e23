/** Findings of the check, and errors in their words. */
import { errorText } from "../../core/error-facts";
import { OnejobError } from "../../core/errors";
import type { GithubFinding } from "./options";

export function good(id: string, what: string): GithubFinding {
  return { id, ok: true, what, fix: "" };
}

export function bad(id: string, what: string, fix: string): GithubFinding {
  return { id, ok: false, what, fix };
}

/** Without the catalogue's own sentence, which sends people to the check they are reading. */
export function inWords(error: unknown): string {
  return error instanceof OnejobError ? (error.detail ?? error.message) : errorText(error);
}
