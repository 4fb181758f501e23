/** Of each source of kind `github`: who can read its secrets, what GitHub says, and whether its jobs have a place to run. */
import { statSync } from "node:fs";
import { route } from "../../core/routing";
import type { GithubSourceSettings, ProfileSettings } from "../../core/settings";
import type { Context } from "../context";
import { lazy } from "../lazy";
import type { CheckResult, Finding } from "./check";
import { bad, good } from "./check";
import { loadedSettings } from "./config-checks";

export async function sourceChecks(context: Context): Promise<CheckResult[]> {
  const settings = loadedSettings(context);
  const sources = (settings?.sources ?? []).flatMap((source) => (source.kind === "github" ? [source] : []));
  const isRoot = serverIsRoot(context.dataFolder);
  const found = sources.map(async (source) => [
    { id: `secrets-${source.name}`, ...secretsFinding(source) },
    ...(await remoteFindings(context, source)),
    { id: `trust-${source.name}`, ...trustFinding(source, { profiles: settings?.profiles ?? [], isRoot }) },
  ]);
  return (await Promise.all(found)).flat();
}

async function remoteFindings({ io }: Context, source: GithubSourceSettings): Promise<CheckResult[]> {
  const findings = await lazy.sourceChecks().checkSource(source, io);
  return findings.map((finding) => ({ ...finding, id: `${finding.id}-${source.name}` }));
}

/**
 * Whether they are there the source's own check says. One that others can read still works: the finding is good, and
 * says what to do.
 */
function secretsFinding({ name, auth, webhookSecrets }: GithubSourceSettings): Finding {
  const places = [auth.kind === "app" ? auth.privateKey : auth.token, ...webhookSecrets];
  const open = places.flatMap((place) => ("file" in place && isOpen(place.file) ? [place.file] : []));
  if (open.length === 0) return good(`no secret of ${name} is kept where other users can read it`);
  return { ok: true, what: `others can read ${open.join(", ")}`, fix: `chmod 600 ${open.join(" ")}` };
}

/** Windows keeps no such modes. */
function isOpen(file: string): boolean {
  const mode = statSync(file, { throwIfNoEntry: false })?.mode ?? 0;
  return process.platform !== "win32" && (mode & 0o077) !== 0;
}

export interface TrustOptions {
  readonly profiles: readonly ProfileSettings[];
  readonly isRoot: boolean;
}

/** As root every process job gets a user of its own; otherwise only the word of the user lets a forge's jobs run so. */
export function trustFinding({ name, trust }: GithubSourceSettings, { profiles, isRoot }: TrustOptions): Finding {
  const exposed = profiles.filter((profile) => profile.compute.kind === "process" && isEverChosen(profile, profiles));
  const names = exposed.map((profile) => profile.name).join(", ");
  if (exposed.length === 0) return good(`jobs of ${name} run on no profile of kind process`);
  if (isRoot) return good(`jobs of ${name} may run on ${names}: as root each gets a user id of its own`);
  if (trust === "same-user")
    return good(`jobs of ${name} may run on ${names} as the server's user, and may do all that user can`);
  return bad(
    `jobs of ${name} will not run on ${names}: nothing would separate them from the server's user (untrusted-on-process)`,
    `give ${names} compute of kind docker; or, if you trust all who can change a workflow there, write trust: same-user for ${name}`,
  );
}

/** Nobody is nearer to the profile's own labels than the profile itself, unless it never gets a job at all. */
function isEverChosen(profile: ProfileSettings, profiles: readonly ProfileSettings[]): boolean {
  const chosen = route(profile.labels, profiles);
  return chosen.kind === "profile" && chosen.profile === profile;
}

/** Whoever owns the data folder runs the server; before its first start that will be us. */
function serverIsRoot(dataFolder: string): boolean {
  try {
    return statSync(dataFolder).uid === 0;
  } catch {
    return process.getuid?.() === 0;
  }
}
