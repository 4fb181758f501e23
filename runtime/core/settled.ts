/** Many things done side by side: one's trouble is not another's. */
import { errorText } from "./error-facts";
import { OnejobError } from "./errors";

const longestSaid = 300;
const mostSaid = 3;

/** What became of all; throws once, for all that failed. `what` is read before "of 2 machines failed". */
export function allOf<T>(results: readonly PromiseSettledResult<T>[], what: string): readonly T[] {
  const failed = results.flatMap((result) => (result.status === "rejected" ? [result.reason as unknown] : []));
  if (failed.length === 0) return results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
  const said = failed.slice(0, mostSaid).map(errorText).map(shortened).join("; ");
  throw new OnejobError("internal", `${what} of ${failed.length} machines failed: ${said}`, { cause: failed[0] });
}

/** Messages of the system name paths, which a job can make as long as it likes. */
function shortened(text: string): string {
  return text.length <= longestSaid ? text : `${text.slice(0, longestSaid)}…`;
}
