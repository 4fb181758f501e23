/** What a fleet on AWS means where its settings say nothing. Works on raw values, also broken ones. */
import { isGroup } from "../runtime/core/settings-entries";
import { fleetPath } from "../runtime/core/fleet-facts";

/** A sweep is a run of a function: each costs, and EventBridge knows nothing shorter. */
export const sweepInterval = "1m";
/** Agents report once a minute on AWS; three misses are a silence. */
export const leaseDuration = "3m";

type Group = Readonly<Record<string, unknown>>;

export type FleetSecret = "webhook-secret" | "private-key" | "token";

export const secretParameter = (fleet: string, source: string, secret: FleetSecret): string =>
  `${fleetPath(fleet)}/secrets/${source}/${secret}`;

/** The keys of `onejob.yaml` among the arguments, as such a file. */
export function settingsOfArgs(args: Group, fleet: string): Group {
  const { sources, profiles, defaultProfile, server, sweep, lease, retention } = args;
  return withoutUndefined({
    version: 1,
    sources: Array.isArray(sources) ? sources.map((source: unknown) => sourceOnAws(source, fleet)) : sources,
    profiles,
    defaultProfile,
    server,
    sweep: withDefault(sweep, "interval", sweepInterval),
    lease: withDefault(lease, "duration", leaseDuration),
    retention,
  });
}

function sourceOnAws(source: unknown, fleet: string): unknown {
  if (!isGroup(source) || source["kind"] !== "github" || typeof source["name"] !== "string") return source;
  const place = (secret: FleetSecret) => ({ ssm: secretParameter(fleet, String(source["name"]), secret) });
  return {
    ...source,
    auth: authOnAws(source["auth"], place),
    webhookSecrets: source["webhookSecrets"] ?? [place("webhook-secret")],
    intake: source["intake"] ?? "webhook",
  };
}

function authOnAws(auth: unknown, place: (secret: FleetSecret) => { readonly ssm: string }): unknown {
  if (auth !== undefined && !isGroup(auth)) return auth;
  if (auth?.["token"] !== undefined || auth?.["privateKey"] !== undefined) return auth;
  return auth?.["appId"] === undefined
    ? { ...auth, token: place("token") }
    : { ...auth, privateKey: place("private-key") };
}

function withDefault(group: unknown, key: string, value: string): unknown {
  if (group === undefined) return { [key]: value };
  return isGroup(group) && group[key] === undefined ? { ...group, [key]: value } : group;
}

function withoutUndefined(group: Group): Group {
  return Object.fromEntries(Object.entries(group).filter(([, value]) => value !== undefined));
}
