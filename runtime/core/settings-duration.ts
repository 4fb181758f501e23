/** A duration of a checked file in milliseconds, or that of its default. */
import { parseDuration } from "./duration";

export function milliseconds(given: string | undefined, setting: { readonly default: string }): number {
  const text = given ?? setting.default;
  const ms = parseDuration(text);
  if (ms === undefined) throw new Error(`not a duration: ${text}`);
  return ms;
}
