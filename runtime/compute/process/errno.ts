/** The few system error codes this compute tells apart. */
export function errnoOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

export function isAbsent(error: unknown): boolean {
  return errnoOf(error) === "ENOENT";
}

/** For use in `catch`: what is gone already is as good as done; every other error goes on. */
export function ignoreAbsent(error: unknown): undefined {
  if (!isAbsent(error)) throw error;
  return undefined;
}
