/** What S3 says when something is not there, or was not stored. */
import { OnejobError } from "../../core/errors";
import { errorText } from "../../core/error-facts";
import type { JobKey } from "../../core/model";

export function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : "";
}

export async function unlessAbsent<T>(found: Promise<T>): Promise<T | undefined> {
  try {
    return await found;
  } catch (error) {
    if (nameOf(error) === "NoSuchKey" || nameOf(error) === "NotFound") return undefined;
    throw error;
  }
}

/** Throws `not-stored`. */
export async function storing<T>(job: JobKey, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (cause) {
    throw new OnejobError("not-stored", `${job}: ${errorText(cause)}`, { cause });
  }
}
