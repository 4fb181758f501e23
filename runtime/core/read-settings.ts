/** From what a config file says to the settings in force: all of its problems at once, or every default filled in. */
import type { ProfileSettings, Settings } from "./settings";
import { schemaChecker } from "./settings-check";
import type { Problem } from "./settings-check";
import { crossCheck } from "./settings-cross-checks";
import { milliseconds } from "./settings-duration";
import { isGroup } from "./settings-entries";
import { fillInCompute } from "./settings-fill-compute";
import { fillInSource } from "./settings-fill-source";
import type { Host } from "./settings-host-checks";
import { settingsRoot, settingsSchema } from "./settings-schema";
import type { SettingsFile } from "./settings-schema";
import { bootPresets } from "./settings-schema-computes";

export type { Problem } from "./settings-check";

/** The machine whose jobs the built-in profile serves; Node's words and GitHub's are both understood. */
export interface SettingsContext {
  readonly os: string;
  readonly arch: string;
  /** Where the settings are to hold. @default "local" */
  readonly host?: Host;
}

export type ReadSettings =
  { readonly ok: true; readonly settings: Settings } | { readonly ok: false; readonly problems: readonly Problem[] };

type ProfileFile = NonNullable<SettingsFile["profiles"]>[number];

const checkSchema = schemaChecker(settingsRoot);
const known = settingsSchema.properties;
const knownOfProfile = known.profiles.items.properties;

export function readSettings(raw: unknown, context: SettingsContext): ReadSettings {
  const labels = machineLabels(context);
  const problems = checkSchema(raw);
  const crossProblems = isGroup(raw) ? crossCheck(raw, { labels, host: context.host ?? "local" }) : [];
  const all = [...problems, ...crossProblems];
  if (all.length > 0) return { ok: false, problems: all };
  // The schema has just said that it is one.
  return { ok: true, settings: fillIn(raw as SettingsFile, labels, context.host) };
}

/** The settings without any config file. */
export function builtInSettings(context: SettingsContext): Settings {
  return fillIn({ version: 1 }, machineLabels(context));
}

const osLabels: Readonly<Record<string, string>> = { darwin: "macos", win32: "windows" };

/** What GitHub calls a runner on such a machine: `[self-hosted, linux, x64]`. */
export function machineLabels({ os, arch }: SettingsContext): readonly string[] {
  return ["self-hosted", osLabels[os] ?? os.toLowerCase(), arch.toLowerCase()];
}

function fillIn(file: SettingsFile, labels: readonly string[], host: Host = "local"): Settings {
  const sources = (file.sources ?? []).map((source) => fillInSource(source, host));
  return {
    server: {
      listen: file.server?.listen ?? known.server.properties.listen.default,
      maxRunners: file.server?.maxRunners ?? known.server.properties.maxRunners.default,
      maxWebhookBytes: file.server?.maxWebhookBytes ?? known.server.properties.maxWebhookBytes.default,
    },
    defaultProfile: file.defaultProfile ?? null,
    sources: sources.some(({ kind }) => kind === "api") ? sources : [{ name: "api", kind: "api" }, ...sources],
    profiles: (file.profiles ?? [{ name: "default" }]).map((profile) =>
      fillInProfile(withCompute(profile, host), labels),
    ),
    sweep: { intervalMs: milliseconds(file.sweep?.interval, known.sweep.properties.interval) },
    lease: { durationMs: milliseconds(file.lease?.duration, known.lease.properties.duration) },
    retention: {
      finishedMs: milliseconds(file.retention?.finished, known.retention.properties.finished),
      logsMiB: file.retention?.logsMiB ?? known.retention.properties.logsMiB.default,
    },
  };
}

/** Each host has a compute that needs no word. */
function withCompute(file: ProfileFile, host: Host): ProfileFile {
  return { ...file, compute: file.compute ?? { kind: host === "aws" ? "ec2" : "process" } };
}

function fillInProfile(file: ProfileFile, labels: readonly string[]): ProfileSettings {
  const timeouts = knownOfProfile.timeouts.properties;
  const compute = fillInCompute(file.compute);
  return {
    name: file.name,
    labels: file.labels ?? labels,
    compute,
    limits: {
      maxRunners: file.limits?.maxRunners ?? knownOfProfile.limits.properties.maxRunners.default,
      memoryMiB: file.limits?.memoryMiB ?? null,
      cpus: file.limits?.cpus ?? null,
    },
    timeouts: {
      bootMs: milliseconds(file.timeouts?.boot, { default: bootPresets[compute.kind] }),
      idleMs: milliseconds(file.timeouts?.idle, timeouts.idle),
      jobMs: milliseconds(file.timeouts?.job, timeouts.job),
      queuedMs: milliseconds(file.timeouts?.queued, timeouts.queued),
      waitingMs: milliseconds(file.timeouts?.waiting, timeouts.waiting),
    },
    priority: file.priority ?? knownOfProfile.priority.default,
  };
}
