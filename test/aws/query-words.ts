/** What a query for Logs Insights names: fields, and sentences that it looks for. As much of the language as ours use. */

const words = new Set(
  "fields filter stats sort limit by as in like and or not asc desc ispresent count pct latest".split(" "),
);
/** Every line has them, whoever wrote it. */
const platforms = /^@|^record\./;

/** Without what Logs Insights knows by itself, and without names that the query gives. */
export function fieldsOf(query: string): readonly string[] {
  const named = new Set([...query.matchAll(/\bas (\w+)/g)].map(([, name = ""]) => name));
  const bare = query.replace(/"[^"]*"/g, "");
  const found = (bare.match(/@?[A-Za-z_][\w.]*/g) ?? []).filter((word) => !words.has(word) && !named.has(word));
  return [...new Set(found)].filter((word) => !platforms.test(word));
}

/** Those of `message in […]` and `message = …`. */
export function sentencesOf(query: string): readonly string[] {
  const lists = [...query.matchAll(/message (?:in \[([^\]]*)\]|= ("[^"]*"))/g)];
  return lists.flatMap(([, list = "", one = ""]) =>
    [...`${list}${one}`.matchAll(/"([^"]*)"/g)].map(([, text = ""]) => text),
  );
}

/** Logs Insights flattens: `error.code`, `jobs.0`. */
export function valueAt(line: unknown, path: string): unknown {
  return path.split(".").reduce<unknown>((at, name) => (Object(at) as Record<string, unknown>)[name], line);
}
