/** A thing of ours in a few words: the ids in it, by which a story is followed, and how it stands. */

/** A name or an id only where there is no key, which says more. */
const told = ["kind", "key", "state", "launch", "runner", "job", "profile"] as const;
const withoutKey = ["id", "name"] as const;
/** What has the ids inside of it. */
const within = ["events", "event", "facts", "message", "machines"] as const;
const most = 4;

export function briefly(thing: unknown): string {
  if (typeof thing === "string") return thing;
  if (Array.isArray(thing)) return thing.slice(0, most).map(briefly).join(" ");
  if (typeof thing !== "object" || thing === null) return "";
  const fields: Readonly<Record<string, unknown>> = { ...thing };
  const names = typeof fields["key"] === "string" ? told : [...withoutKey, ...told];
  const words = names.flatMap((name) => (typeof fields[name] === "string" ? [fields[name]] : []));
  return [...words, ...within.map((name) => briefly(fields[name])).filter((word) => word !== "")].join(" ");
}
