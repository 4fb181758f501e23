/** The next page of a list, from the header Link. */

/**
 * Only the query is taken over: behind a proxy, or after a repository was renamed, the header names other addresses,
 * and a token must go to none of them.
 */
export function nextPath(path: string, link: string | null): string | null {
  const target = /<([^<>]*)>\s*;[^,]*\brel="?next"?/.exec(link ?? "")?.[1];
  if (target === undefined || !URL.canParse(target, "http://server")) return null;
  const { search } = new URL(target, "http://server");
  return search === "" ? null : path.split("?", 1).join("") + search;
}
