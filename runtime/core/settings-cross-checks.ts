/**
 * What no single key can say: names used twice, labels that collide, a profile that is not there. Works on the raw
 * file, also a broken one, so that these are told together with everything else.
 */
import type { Problem } from "./settings-check";
import type { Entry } from "./settings-entries";
import { entriesOf, repeated, textOf } from "./settings-entries";
import { githubProblems } from "./settings-github-checks";
import { hostProblems, type Host } from "./settings-host-checks";
import { nearestWord } from "./settings-nearest";
import { quoted } from "./settings-words";

export interface Place {
  /** Of a profile that names none. */
  readonly labels: readonly string[];
  readonly host: Host;
}

export function crossCheck(raw: Readonly<Record<string, unknown>>, { labels, host }: Place): Problem[] {
  const sources = entriesOf(raw, "sources");
  const profiles = entriesOf(raw, "profiles");
  return [
    ...[sources, profiles].flatMap((entries) => [...sameNames(entries), ...reservedNames(entries)]),
    ...wrongApiNames(sources),
    ...githubProblems(sources),
    ...profiles.flatMap(sameLabels),
    ...collidingProfiles(profiles, labels),
    ...hostProblems({ sources, profiles }, host),
    ...absentDefault(raw, profiles),
  ];
}

/** Case aside: two names that differ only so cannot be told apart where they become file or resource names. */
function sameNames(entries: readonly Entry[]): Problem[] {
  return repeated(entries, (entry) => textOf(entry, "name")?.toLowerCase()).map(({ item, first }) => ({
    path: `${item.path}.name`,
    what: `${quoted(item.value["name"])} is taken by ${first.path}, case aside`,
    fix: "give each its own name",
  }));
}

/** Records are kept by name; these names would find what every JavaScript object has. */
function reservedNames(entries: readonly Entry[]): Problem[] {
  const reserved = entries.filter((entry) => (textOf(entry, "name") ?? "") in {});
  return reserved.map((entry) => ({
    path: `${entry.path}.name`,
    what: `${quoted(entry.value["name"])} is reserved`,
    fix: "choose another name",
  }));
}

function wrongApiNames(sources: readonly Entry[]): Problem[] {
  return sources.flatMap((entry): Problem[] => {
    const [name, kind] = [textOf(entry, "name"), textOf(entry, "kind")];
    if (name === undefined || kind === undefined || (name === "api") === (kind === "api")) return [];
    const path = `${entry.path}.name`;
    if (name !== "api") {
      return [{ path, what: `a source of kind api must be named api, not ${quoted(name)}`, fix: "write name: api" }];
    }
    return [{ path, what: `the name api belongs to the kind api, not to ${quoted(kind)}`, fix: "choose another name" }];
  });
}

function labelsOf(entry: Entry): readonly string[] | undefined {
  const labels: unknown = entry.value["labels"];
  return Array.isArray(labels) && labels.every((label) => typeof label === "string") ? labels : undefined;
}

function sameLabels(entry: Entry): Problem[] {
  return repeated(labelsOf(entry) ?? [], (label) => label.toLowerCase()).map(({ item, index }) => ({
    path: `${entry.path}.labels[${index}]`,
    what: `${quoted(item)} is listed twice, case aside`,
    fix: "remove one of them",
  }));
}

function collidingProfiles(profiles: readonly Entry[], machineLabels: readonly string[]): Problem[] {
  const identity = (entry: Entry): string | undefined => {
    const labels = entry.value["labels"] === undefined ? machineLabels : labelsOf(entry);
    if (labels === undefined) return undefined;
    const folded = [...new Set(labels.map((label) => label.toLowerCase()))].sort();
    return JSON.stringify([entry.value["priority"] ?? 0, ...folded]);
  };
  return repeated(profiles, identity).map(({ item, first }) => ({
    path: `${item.path}.labels`,
    what: `the labels and the priority equal those of ${first.path}${nameOf(first)}, so nothing decides between them`,
    fix: "change a label of one, or give one a higher priority",
  }));
}

function nameOf(entry: Entry): string {
  const name = textOf(entry, "name");
  return name === undefined ? "" : ` (${quoted(name)})`;
}

function absentDefault(raw: Readonly<Record<string, unknown>>, profiles: readonly Entry[]): Problem[] {
  const wanted = raw["defaultProfile"];
  const names = profiles.flatMap((entry) => textOf(entry, "name") ?? []);
  const known = raw["profiles"] === undefined ? ["default"] : names;
  if (typeof wanted !== "string" || known.includes(wanted)) return [];
  const meant = nearestWord(wanted, known);
  const fix = meant === undefined ? `write one of: ${listed(known)}` : `did you mean ${quoted(meant)}?`;
  return [{ path: "defaultProfile", what: `there is no profile ${quoted(wanted)}`, fix }];
}

const mostListed = 10;

/** A wrong name is quoted, for it can hold anything. */
function listed(names: readonly string[]): string {
  const words = names.slice(0, mostListed).map((name) => (/^[\w.-]{1,64}$/.test(name) ? name : quoted(name)));
  return [...words, ...(names.length > mostListed ? ["…"] : [])].join(", ");
}
