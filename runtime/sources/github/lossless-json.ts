/**
 * JSON whose large whole numbers keep their digits: they become texts. Ids of deliveries are beyond 2^53 already,
 * those of jobs and runs may get there, and `JSON.parse` would silently answer a neighbour's.
 */

/** Sixteen digits may be beyond 2^53; fewer never are. */
const manyDigits = /\d{16}/;
/** A text (skipped whole, so that digits inside it stay as they are), or a number. */
const textOrNumber = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
const largeWhole = /^-?\d{16,}$/;

/** Throws `SyntaxError` like `JSON.parse`. */
export function parseJson(text: string): unknown {
  const parsed: unknown = JSON.parse(text);
  // Only a text known to be JSON is searched: in any other the search for closing quotes could take very long.
  if (!manyDigits.test(text)) return parsed;
  return JSON.parse(text.replace(textOrNumber, (token) => (largeWhole.test(token) ? `"${token}"` : token)));
}
