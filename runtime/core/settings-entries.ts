/** The entries of a list in a raw file, also a broken one, for checks that look at more than one key. */

export interface Entry {
  /** `profiles[1]` */
  readonly path: string;
  readonly value: Readonly<Record<string, unknown>>;
}

export function entriesOf(raw: Readonly<Record<string, unknown>>, key: string): Entry[] {
  const list: unknown = raw[key];
  if (!Array.isArray(list)) return [];
  return list.flatMap((value: unknown, index) => (isGroup(value) ? [{ path: `${key}[${index}]`, value }] : []));
}

export function isGroup(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function textOf(entry: Entry, key: string): string | undefined {
  const value = entry.value[key];
  return typeof value === "string" ? value : undefined;
}

/** Pairs every entry with the first one before it that has an equal key. */
export function repeated<T>(
  items: readonly T[],
  keyOf: (item: T) => string | undefined,
): { item: T; first: T; index: number }[] {
  const firsts = new Map<string, T>();
  return items.flatMap((item, index) => {
    const key = keyOf(item);
    if (key === undefined) return [];
    const first = firsts.get(key);
    if (first !== undefined) return [{ item, first, index }];
    firsts.set(key, item);
    return [];
  });
}
