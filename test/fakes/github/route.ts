/** One endpoint, and what its handler is given. */
import type { Access, Target } from "./access";
import type { Identity } from "./auth";
import type { Repository, Scope } from "./model";
import type { Reply } from "./reply";
import { notFound } from "./reply";

export interface Call extends Target {
  /** With its query, as it was asked for: links to further pages are made of it. */
  readonly url: URL;
  readonly params: Readonly<Record<string, string>>;
  /** Parsed; `undefined` without one. */
  readonly body: unknown;
  readonly identity: Identity;
}

export interface Route {
  readonly method: "GET" | "POST" | "DELETE";
  /** The published path: `/orgs/{org}/actions/runners`. */
  readonly template: string;
  readonly access: Access;
  readonly handle: (call: Call) => Reply;
}

export interface Match {
  readonly route: Route;
  readonly params: Readonly<Record<string, string>>;
}

export function matchRoute(
  routes: readonly Route[],
  { method, path }: { readonly method: string; readonly path: string },
) {
  const parts = path.split("/");
  for (const route of routes) {
    const params = route.method === method ? matchParts(route.template.split("/"), parts) : undefined;
    if (params !== undefined) return { route, params } satisfies Match;
  }
  return undefined;
}

function matchParts(template: readonly string[], parts: readonly string[]) {
  if (template.length !== parts.length) return undefined;
  const params: Record<string, string> = {};
  for (const [index, wanted] of template.entries()) {
    const given = parts[index] ?? "";
    if (!wanted.startsWith("{")) {
      if (wanted !== given) return undefined;
    } else if (given === "") return undefined;
    else params[wanted.slice(1, -1)] = decodeURIComponent(given);
  }
  return params;
}

export function repositoryOf(call: Call): Repository {
  if (call.repository === null) throw notFound();
  return call.repository;
}

export function scopeOf({ repository, organization }: Call): Scope {
  if (repository !== null) return { kind: "repo", repository };
  if (organization !== null) return { kind: "org", account: organization };
  throw notFound();
}

/** One page of a list with the header that leads to the others. */
export function pageOf<T>({ url }: Call, items: readonly T[]) {
  const perPage = Math.min(Math.max(1, numberOf(url, "per_page") ?? 30), 100);
  const page = Math.max(1, numberOf(url, "page") ?? 1);
  const last = Math.max(1, Math.ceil(items.length / perPage));
  const links: string[] = [];
  const link = (rel: string, number: number) => {
    const to = new URL(url);
    to.searchParams.set("page", String(number));
    links.push(`<${to.href}>; rel="${rel}"`);
  };
  if (page > 1) link("prev", page - 1);
  if (page < last) link("next", page + 1);
  if (page < last) link("last", last);
  if (page > 1) link("first", 1);
  const headers: Readonly<Record<string, string>> = links.length === 0 ? {} : { link: links.join(", ") };
  return { items: items.slice((page - 1) * perPage, page * perPage), headers };
}

function numberOf(url: URL, name: string): number | undefined {
  const number = Number.parseInt(url.searchParams.get(name) ?? "", 10);
  return Number.isNaN(number) ? undefined : number;
}
