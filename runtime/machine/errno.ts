/** The few system error codes we tell apart. */
export function errnoOf(error: unknown): string | undefined {
  // By shape: an error of the system is not everywhere an instance of this program's `Error`.
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

export function messageOf(error: unknown): string {
  return typeof error === "object" && error !== null && "message" in error ? String(error.message) : String(error);
}

export function isAbsent(error: unknown): boolean {
  return errnoOf(error) === "ENOENT";
}

/** For use in `catch`: what is gone already is as good as done; every other error goes on. */
export function ignoreAbsent(error: unknown): undefined {
  if (!isAbsent(error)) throw error;
  return undefined;
}
