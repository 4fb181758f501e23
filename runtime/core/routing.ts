/**
 * Which profile serves a job. A job fits a profile when the profile's labels contain all the job's labels, case aside.
 * Order of those that fit: fewest further labels, higher priority, name. The order of the config file decides nothing.
 */
import type { ProfileSettings, Settings } from "./settings";

/** What routing needs of a profile. */
export type RoutableProfile = Pick<ProfileSettings, "name" | "labels" | "priority">;

export interface NoMatch<P> {
  readonly kind: "no-match";
  /** The profile that lacks the fewest labels, and which; `null` without profiles or without labels. */
  readonly nearest: { readonly profile: P; readonly missing: readonly string[] } | null;
}

export type Route<P> = { readonly kind: "profile"; readonly profile: P } | NoMatch<P>;

/** No labels fit nothing: a forge that names none means runners that are not ours. */
export function route<P extends RoutableProfile>(labels: readonly string[], profiles: readonly P[]): Route<P> {
  const [best] = fittingProfiles(labels, profiles);
  if (best !== undefined) return { kind: "profile", profile: best };
  return { kind: "no-match", nearest: nearestProfile(labels, profiles) };
}

/** Every profile that fits, the chosen one first. */
export function fittingProfiles<P extends RoutableProfile>(labels: readonly string[], profiles: readonly P[]): P[] {
  if (labels.length === 0) return [];
  return profiles.filter((profile) => missingLabels(labels, profile).length === 0).sort(byPreference(labels));
}

/** How a job asks for its profile. */
export interface RoutedJob {
  readonly labels: readonly string[];
  /** Asked for by name, past the labels; heeded only where `assigns` holds. */
  readonly profile: string | null;
  /** Whether we decide which runner takes the job (`api`), or the forge does, by labels alone. */
  readonly assigns: boolean;
}

export type JobRoute =
  | Route<ProfileSettings>
  | { readonly kind: "no-such-profile"; readonly name: string; readonly known: readonly string[] };

export function routeJob(job: RoutedJob, settings: Pick<Settings, "profiles" | "defaultProfile">): JobRoute {
  const { profiles, defaultProfile } = settings;
  if (!job.assigns || (job.profile === null && job.labels.length > 0)) return route(job.labels, profiles);
  const wanted = job.profile ?? defaultProfile;
  const profile = wanted === null ? profiles[0] : profiles.find(({ name }) => name === wanted);
  if (profile !== undefined) return { kind: "profile", profile };
  if (wanted === null) return { kind: "no-match", nearest: null };
  return { kind: "no-such-profile", name: wanted, known: profiles.map(({ name }) => name) };
}

/**
 * Whether a forge's job could be meant for us: it names a label that one of our profiles has. `self-hosted` alone says
 * nothing, for everybody's runners have it.
 */
export function isOurs(labels: readonly string[], profiles: readonly RoutableProfile[]): boolean {
  const ours = new Set(profiles.flatMap((profile) => profile.labels.map(fold)));
  ours.delete("self-hosted");
  return fittingProfiles(labels, profiles).length > 0 || labels.some((label) => ours.has(fold(label)));
}

export interface ExplainedRoute<P> {
  readonly profile: P;
  /** Labels of the profile that the job did not ask for. */
  readonly extra: readonly string[];
  /** What puts it behind the one before it; `first`: nothing is before it. */
  readonly decidedBy: "first" | "labels" | "priority" | "name";
  /** The same as a sentence. */
  readonly why: string;
}

export type ExplainedRoutes<P> = { readonly kind: "fits"; readonly routes: readonly ExplainedRoute<P>[] } | NoMatch<P>;

/** For `config explain`: all that fit, in order, with what decided the order. */
export function explainRoutes<P extends RoutableProfile>(
  labels: readonly string[],
  profiles: readonly P[],
): ExplainedRoutes<P> {
  const fitting = fittingProfiles(labels, profiles);
  if (fitting.length === 0) return { kind: "no-match", nearest: nearestProfile(labels, profiles) };
  return { kind: "fits", routes: fitting.map((profile, index) => explain(labels, profile, fitting[index - 1])) };
}

function explain<P extends RoutableProfile>(
  labels: readonly string[],
  profile: P,
  before: P | undefined,
): ExplainedRoute<P> {
  const extra = extraLabels(labels, profile);
  const more = extra.length === 0 ? "no further label" : `further labels: ${extra.join(", ")}`;
  if (before === undefined) {
    return { profile, extra, decidedBy: "first", why: `chosen: it has every label asked for, and ${more}` };
  }
  if (extra.length > extraLabels(labels, before).length) {
    return { profile, extra, decidedBy: "labels", why: `behind ${before.name}: it has more labels (${more})` };
  }
  if (profile.priority < before.priority) {
    const why = `behind ${before.name}: its priority is lower (${profile.priority} against ${before.priority})`;
    return { profile, extra, decidedBy: "priority", why };
  }
  const why = `behind ${before.name} only by the order of names: set a priority to decide it yourself`;
  return { profile, extra, decidedBy: "name", why };
}

function nearestProfile<P extends RoutableProfile>(
  labels: readonly string[],
  profiles: readonly P[],
): NoMatch<P>["nearest"] {
  if (labels.length === 0) return null;
  const [nearest] = profiles
    .map((profile) => ({ profile, missing: missingLabels(labels, profile) }))
    .sort((a, b) => a.missing.length - b.missing.length || byPreference(labels)(a.profile, b.profile));
  return nearest ?? null;
}

function byPreference(labels: readonly string[]): (a: RoutableProfile, b: RoutableProfile) => number {
  return (a, b) =>
    extraLabels(labels, a).length - extraLabels(labels, b).length ||
    b.priority - a.priority ||
    // By code unit, not by language: the answer must be the same on every machine.
    (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
}

function missingLabels(labels: readonly string[], profile: RoutableProfile): string[] {
  return without(labels, profile.labels);
}

function extraLabels(labels: readonly string[], profile: RoutableProfile): string[] {
  return without(profile.labels, labels);
}

/** What `these` has beyond `those`, each once, as first written. */
function without(these: readonly string[], those: readonly string[]): string[] {
  const found = new Set(those.map(fold));
  return these.filter((label) => {
    const isNew = !found.has(fold(label));
    found.add(fold(label));
    return isNew;
  });
}

function fold(label: string): string {
  return label.toLowerCase();
}
