/** Addresses of a GitHub server: its API, the name its jobs are keyed by, and the paths of a scope. */

/** The API of the server whose web pages stand at `url`; without a trailing slash. */
export function apiBase(url: string): string {
  const { hostname, protocol } = new URL(url);
  if (hostname === "github.com") return "https://api.github.com";
  if (hostname.endsWith(".ghe.com")) return `${protocol}//api.${hostname}`;
  return `${url.replace(/\/+$/, "")}/api/v3`;
}

/** The host of job keys, with the port where one is given: ids are unique only within one server. */
export function hostOf(url: string): string {
  return new URL(url).host;
}

/** github.com and ghe.com run the newest version; only a server of one's own can be too old for a call. */
export function isHosted(url: string): boolean {
  return !apiBase(url).endsWith("/api/v3");
}

/** `owner/repo`, as opposed to an organisation. */
export function isRepository(scope: string): boolean {
  return scope.includes("/");
}

/** `/orgs/acme` or `/repos/acme/widgets`. */
export function scopePath(scope: string): string {
  return isRepository(scope) ? repositoryPath(scope) : `/orgs/${encodeURIComponent(scope)}`;
}

export function repositoryPath(repository: string): string {
  const [owner = "", name = ""] = repository.split("/");
  return `/repos/${encodeURIComponent(owner)}/${encodeURIComponent(name)}`;
}

/** The most specific scope the repository belongs to, spelled as configured; names differ only beyond case. */
export function scopeOf(repository: string, scopes: readonly string[]): string | undefined {
  const name = repository.toLowerCase();
  const [owner] = name.split("/");
  return scopes.find((scope) => scope.toLowerCase() === name) ?? scopes.find((scope) => scope.toLowerCase() === owner);
}
