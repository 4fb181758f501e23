/**
 * JSON whose large whole numbers keep their digits: they become texts. Ids of deliveries are beyond 2^53 already,
 * those of jobs and runs may get there, and `JSON.parse` would silently answer a neighbour's.
 */

/** Sixteen digits may be beyond 2^53; fewer never are. */
const manyDigits = /\d{16}/;
/**
 * Escapes, the quotes around a text, and numbers. A text as a whole is no match: the engine keeps a place for each of its
 * escapes, and has room for a few million only.
 */
const parts = /(?:\\.){1,1000}|"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
const largeWhole = /^-?\d{16,}$/;

/** Throws `SyntaxError` like `JSON.parse`. */
export function parseJson(text: string): unknown {
  const parsed: unknown = JSON.parse(text);
  if (!manyDigits.test(text)) return parsed;
  let inText = false;
  const lossless = text.replace(parts, (part) => {
    if (part === '"') inText = !inText;
    return !inText && largeWhole.test(part) ? `"${part}"` : part;
  });
  return JSON.parse(lossless);
}
