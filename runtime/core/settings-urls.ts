/** Addresses of other servers, as the settings take them: read once, and written in one way only. */

/**
 * Scheme, host and port of a forge's web pages: `https://github.com`. Plain `http` only on loopback, since tokens go
 * there. `undefined` for anything else, and for the forge's API, which people know better than its pages.
 */
export function forgeOrigin(text: string): string | undefined {
  const url = safeUrl(text);
  if (url === undefined || url.pathname !== "/") return undefined;
  return /^api\.(github\.com|[a-z0-9-]+\.ghe\.com)$/.test(url.hostname) ? undefined : url.origin;
}

/** The same with a path, without a slash at its end: `https://ghes.example.org/api/v3`. */
export function apiBase(text: string): string | undefined {
  const url = safeUrl(text);
  return url && `${url.origin}${url.pathname.replace(/\/+$/, "")}`;
}

/** Where our own server is reached, plain or not: inside a container only its host's addresses lead there. */
export function serverOrigin(text: string): string | undefined {
  const url = plainUrl(text);
  return url?.pathname === "/" ? url.origin : undefined;
}

function safeUrl(text: string): URL | undefined {
  const url = plainUrl(text);
  return url?.protocol === "https:" || (url !== undefined && isLoopback(url.hostname)) ? url : undefined;
}

export function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127(\.\d{1,3}){3}$/.test(hostname);
}

/** An address that is nothing but scheme, host, port and path; the parser would forgive far more. */
function plainUrl(text: string): URL | undefined {
  if (!/^https?:\/\/[^/?#@\\\s]+(\/[^?#\\\s]*)?$/i.test(text) || !URL.canParse(text)) return undefined;
  return new URL(text);
}
