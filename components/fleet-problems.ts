/**
 * Everything that is wrong with the arguments of a fleet, at once and before anything is made. Pure: no resource, no
 * engine. Deployment keys and settings are checked against schemas by one and the same code.
 */
import * as pulumi from "@pulumi/pulumi";
import { readSettings } from "../runtime/core/read-settings";
import type { Settings } from "../runtime/core/settings";
import type { Problem } from "../runtime/core/settings-check";
import { schemaChecker } from "../runtime/core/settings-check";
import { isGroup } from "../runtime/core/settings-entries";
import type { SettingsFile } from "../runtime/core/settings-schema";
import type { RunnerFleetArgs } from "./fleet-args";
import { fleetCrossChecks } from "./fleet-cross-checks";
import { settingsOfArgs } from "./fleet-defaults";
import { fleetDocuments, tooLarge } from "./fleet-documents";
import type { FleetDocuments } from "./fleet-documents";
import { fleetName, fleetRoot } from "./fleet-schema";
import { plainArgs } from "./plain-args";
import { policyProblems } from "./policy-size";

export type { Problem } from "../runtime/core/settings-check";

/** What a fleet is called where it says nothing itself. */
export interface FleetPlace {
  readonly component: string;
  readonly stack: string;
}

export interface CheckedFleet {
  readonly fleet: string;
  readonly settings: Settings;
  readonly documents: FleetDocuments;
}

type Checked =
  { readonly ok: true; readonly checked: CheckedFleet } | { readonly ok: false; readonly problems: Problem[] };

const checkSchema = schemaChecker(fleetRoot);
const fleetNames = new RegExp(fleetName.pattern ?? "");
/** Behind it stand what it is for and Pulumi's random end, and the name of a rule of EventBridge has 64 letters. */
const componentNames = /^[A-Za-z0-9][A-Za-z0-9_-]{0,32}$/;

export function fleetProblems(args: RunnerFleetArgs, place?: FleetPlace): Problem[] {
  const result = check(args, place);
  return result.ok ? [] : result.problems;
}

/** Throws `FleetArgsError` with every problem. */
export function checkFleet(args: RunnerFleetArgs, place: FleetPlace): CheckedFleet {
  const result = check(args, place);
  if (!result.ok) throw new FleetArgsError(place.component, result.problems);
  return result.checked;
}

/** Read by the one who runs `pulumi`, so without a stack: Pulumi prints the message of a RunError alone. */
export class FleetArgsError extends pulumi.RunError {
  readonly problems: readonly Problem[];

  constructor(component: string, problems: readonly Problem[]) {
    const count = problems.length === 1 ? "one thing" : `${problems.length} things`;
    const lines = problems.map(({ path, what, fix }) => `  ${path === "" ? "args" : path}: ${what}; ${fix}`);
    super([`RunnerFleet "${component}": ${count} to correct, nothing was made`, ...lines].join("\n"));
    this.problems = problems;
  }
}

function check(args: RunnerFleetArgs, place: FleetPlace | undefined): Checked {
  const { value, problems: unknownYet } = plainArgs(args, fleetRoot);
  const plain = isGroup(value) ? value : {};
  const fleet = String(plain["fleetName"] ?? (place && `${place.component}-${place.stack}`) ?? "fleet");
  const file = settingsOfArgs(plain, fleet);
  const read = readSettings(file, { os: "linux", arch: "x64", host: "aws" });
  const found = [
    ...(place === undefined ? [] : nameProblems(plain, place)),
    // A GitHub source may leave out what `file` has filled in, and tags are the user's own.
    ...checkSchema(
      isGroup(value) ? { ...plain, sources: file["sources"], ...("tags" in plain ? { tags: {} } : {}) } : value,
    ),
    ...(read.ok ? [] : read.problems),
    ...fleetCrossChecks(plain),
  ];
  const problems = [...unknownYet, ...once(found, unknownYet)];
  if (problems.length > 0 || !read.ok) return { ok: false, problems };
  // The reader has just said that it is one.
  const documents = fleetDocuments(fleet, file as SettingsFile);
  const large = [...tooLarge(documents), ...policyProblems({ fleet, settings: read.settings, args: plain })];
  return large.length > 0
    ? { ok: false, problems: large }
    : { ok: true, checked: { fleet, settings: read.settings, documents } };
}

/** Each place is told once, and what stands inside an Output not at all. */
function once(problems: readonly Problem[], outputs: readonly Problem[]): Problem[] {
  const told = new Set<string>();
  return problems.filter(({ path }) => {
    const hidden = outputs.some((output) => path.startsWith(output.path));
    return !hidden && !told.has(path) && told.add(path);
  });
}

function nameProblems(plain: Readonly<Record<string, unknown>>, { component, stack }: FleetPlace): Problem[] {
  const preset = `${component}-${stack}`;
  const unnamed = plain["fleetName"] === undefined && !fleetNames.test(preset);
  return [
    ...(unnamed
      ? [
          {
            path: "fleetName",
            what: `is missing, and "${preset}" cannot stand in for it: it must be ${fleetName.rule ?? ""}`,
            fix: "add fleetName: ci",
          },
        ]
      : []),
    ...(componentNames.test(component)
      ? []
      : [
          {
            path: "",
            what: `the component's own name "${component}" becomes part of names on AWS, and cannot`,
            fix: "write at most 33 letters, digits, `-` or `_`",
          },
        ]),
  ];
}
