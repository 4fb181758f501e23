/** What depends on where the settings are to hold: a server of one's own, or a fleet on AWS. */
import type { Problem } from "./settings-check";
import type { Entry } from "./settings-entries";
import { isGroup, textOf } from "./settings-entries";
import { architectureOf, ec2Compute } from "./settings-schema-ec2";
import { quoted } from "./settings-words";

export type Host = "local" | "aws";

interface Entries {
  readonly sources: readonly Entry[];
  readonly profiles: readonly Entry[];
}

export function hostProblems(entries: Entries, host: Host): Problem[] {
  const { sources, profiles } = entries;
  const ofHost =
    host === "local"
      ? profiles.flatMap(fleetOnly)
      : [...profiles.flatMap(awsProfileProblems), ...sources.flatMap(awsSourceProblems), ...roleProblems(entries)];
  return [...profiles.flatMap(wrongArchitectures), ...ofHost];
}

function computeOf(profile: Entry): Readonly<Record<string, unknown>> {
  const { compute } = profile.value;
  return isGroup(compute) ? compute : {};
}

function fleetOnly(profile: Entry): Problem[] {
  if (computeOf(profile)["kind"] !== "ec2") return [];
  const path = `${profile.path}.compute.kind`;
  return [{ path, what: '"ec2" is for a fleet on AWS', fix: "write kind: process or kind: docker for this server" }];
}

function awsProfileProblems(profile: Entry): Problem[] {
  const { kind } = computeOf(profile);
  const wrongKind = kind === "process" || kind === "docker";
  return [
    ...(wrongKind
      ? [
          {
            path: `${profile.path}.compute.kind`,
            what: `${quoted(kind)} needs a server of your own, and a fleet has none`,
            fix: "write kind: ec2",
          },
        ]
      : []),
    ...(profile.value["labels"] === undefined
      ? [{ path: `${profile.path}.labels`, what: "is missing", fix: "add labels: [self-hosted, linux, x64]" }]
      : []),
  ];
}

function awsSourceProblems(source: Entry): Problem[] {
  const intake = textOf(source, "intake");
  const polls = intake === "poll" || intake === "both";
  const isDeaf = textOf(source, "kind") === "github" && intake !== "webhook" && isEmpty(source.value["webhookSecrets"]);
  return [
    ...(isDeaf && !polls
      ? [
          {
            path: `${source.path}.webhookSecrets`,
            what: "is missing: a fleet hears of jobs by webhooks only",
            fix: "add webhookSecrets: [{ ssm: NAME }]",
          },
        ]
      : []),
    ...(polls
      ? [
          {
            path: `${source.path}.intake`,
            what: `${quoted(intake)} asks all the time, and a fleet sleeps between jobs`,
            fix: "write intake: webhook; what no webhook told is found by `recovery` all the same",
          },
        ]
      : []),
    ...placesIn(source.value, source.path).map(({ path, kind }) => ({
      path,
      what: `a fleet has no ${kind === "env" ? "environment of yours" : "files of yours"} to read a secret from`,
      fix: "write { ssm: NAME }, or leave it out to take the fleet's own parameter",
    })),
  ];
}

function isEmpty(list: unknown): boolean {
  return list === undefined || (Array.isArray(list) && list.length === 0);
}

/** Places of secrets that only a server has, wherever they stand. */
function placesIn(value: unknown, path: string): { readonly path: string; readonly kind: "env" | "file" }[] {
  if (Array.isArray(value)) return value.flatMap((item: unknown, index) => placesIn(item, `${path}[${index}]`));
  if (!isGroup(value)) return [];
  const keys = Object.keys(value);
  const [only] = keys;
  if (keys.length === 1 && (only === "env" || only === "file")) return [{ path, kind: only }];
  return Object.entries(value).flatMap(([key, inner]) => placesIn(inner, `${path}.${key}`));
}

/** Whoever may use the runner group may use the role. */
function roleProblems({ sources, profiles }: Entries): Problem[] {
  const withRole = profiles.find((profile) => computeOf(profile)["role"] !== undefined);
  if (withRole === undefined) return [];
  return sources
    .filter((source) => textOf(source, "kind") === "github" && isOpenGroup(textOf(source, "runnerGroup")))
    .map((source) => ({
      path: `${withRole.path}.compute.role`,
      what: `every repository that ${source.path} serves could use this role: its runner group is the default one`,
      fix: `make a runner group for trusted repositories only and name it in ${source.path}.runnerGroup`,
    }));
}

function isOpenGroup(name: string | undefined): boolean {
  return name === undefined || name.trim().toLowerCase() === "default";
}

function wrongArchitectures(profile: Entry): Problem[] {
  const { kind, types, arch = ec2Compute.properties.arch.default } = computeOf(profile);
  if (kind !== "ec2" || !Array.isArray(types)) return [];
  return types.flatMap((type: unknown, index): Problem[] => {
    if (typeof type !== "string" || architectureOf(type) === arch) return [];
    return [
      {
        path: `${profile.path}.compute.types[${index}]`,
        what: `${quoted(type)} is ${architectureOf(type)}, and the profile is ${quoted(arch)}`,
        fix: `take types of one architecture, or write arch: ${architectureOf(type)}`,
      },
    ];
  });
}
