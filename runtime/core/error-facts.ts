/** What an error of the system says. By shape, not by class: it may come from another realm, with an `Error` of its own. */

/** `ENOENT`, `LEVEL_LOCKED`, …; `undefined` where there is none. */
export function errorCode(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

export function errorText(error: unknown): string {
  return typeof error === "object" && error !== null && "message" in error ? String(error.message) : String(error);
}

/** For use in `catch`: what is gone already is as good as done; every other error goes on. */
export function ignoreAbsent(error: unknown): undefined {
  if (errorCode(error) !== "ENOENT") throw error;
  return undefined;
}
