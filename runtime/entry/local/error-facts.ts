/** What an error of the system says. By the kind of object, not its class: another realm has its own `Error`. */
import { types } from "node:util";

/** `ENOENT`, `LEVEL_LOCKED`, …; `undefined` where there is none. */
export function errorCode(error: unknown): string | undefined {
  return types.isNativeError(error) && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

export function errorText(error: unknown): string {
  return types.isNativeError(error) ? error.message : String(error);
}
