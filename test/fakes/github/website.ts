/**
 * The one page of GitHub's website that a program leads people to: making an app from a manifest. The form is posted
 * by a browser; the person's "Create" is taken for granted, so the answer leads straight back with the code.
 */
import type { Directory } from "./directory";
import type { HttpReply } from "./http-server";
import type { Permissions } from "./model";

interface Manifest {
  readonly name?: string;
  readonly url?: string;
  readonly redirect_url?: string;
  readonly hook_attributes?: { readonly url?: string; readonly active?: boolean };
  readonly default_permissions?: Permissions;
  readonly default_events?: readonly string[];
}

export interface PostedForm {
  readonly url: URL;
  readonly text: string;
}

/** `null`: not this page. */
export function answerWebsite({ url, text }: PostedForm, directory: Directory): HttpReply | null {
  const match = /^(?:\/organizations\/([^/]+))?\/settings\/apps\/new$/.exec(url.pathname);
  if (match === null) return null;
  const manifest = manifestIn(text);
  const problem = problemOf(manifest);
  if (problem !== null) return { status: 422, headers: { "content-type": "text/html" }, text: problem };
  const { name, hook_attributes: hook, redirect_url: redirect = "" } = manifest;
  const code = directory.manifest({
    owner: match[1] ?? "octocat",
    ...(name === undefined ? {} : { name }),
    url: manifest.url ?? "",
    hookUrl: hook?.active === false ? null : (hook?.url ?? null),
    permissions: { metadata: "read", ...manifest.default_permissions },
    events: manifest.default_events ?? [],
  });
  const back = new URL(redirect);
  back.searchParams.set("code", code);
  const state = url.searchParams.get("state");
  if (state !== null) back.searchParams.set("state", state);
  return { status: 302, headers: { location: back.href }, text: "" };
}

function manifestIn(text: string): Manifest {
  try {
    return JSON.parse(new URLSearchParams(text).get("manifest") ?? "") as Manifest;
  } catch {
    return {};
  }
}

/** What GitHub's page complains about. */
function problemOf(manifest: Manifest): string | null {
  const { name = "", url, redirect_url: redirect, hook_attributes: hook } = manifest;
  const { default_events: events = [], default_permissions: permissions = {} } = manifest;
  if (url === undefined) return "Error: url is missing";
  if (redirect === undefined || !URL.canParse(redirect)) return "Error: redirect_url must be a valid URL";
  if (name.length > 34) return "Error: name is too long (maximum is 34 characters)";
  if (hook !== undefined && hook.url === undefined) return "Error: hook_attributes url is missing";
  const unsupported = events.filter((event) => event.startsWith("workflow_") && permissions.actions === undefined);
  return unsupported.length === 0 ? null : `Error: Default events unsupported: ${unsupported.join(", ")}`;
}
