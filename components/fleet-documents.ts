/** What the settings of a fleet are as SSM parameters. Pure: the same is checked for its size and then written. */
import { fleetPath } from "../runtime/core/fleet-facts";
import type { Problem } from "../runtime/core/settings-check";
import type { SettingsFile } from "../runtime/core/settings-schema";

export interface SettingsParameter {
  /** For the logical name of its resource. */
  readonly key: string;
  /** Full name in SSM. */
  readonly parameter: string;
  /** Where it comes from in the arguments. */
  readonly origin: string;
  readonly json: string;
}

export interface FleetDocuments {
  readonly path: string;
  readonly parameters: readonly SettingsParameter[];
}

/** Of a standard parameter, which is free. @see https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html */
const mostBytes = 4_096;

export function fleetDocuments(fleet: string, file: SettingsFile): FleetDocuments {
  const path = `${fleetPath(fleet)}/settings`;
  const { profiles = [], ...rest } = file;
  const defaultProfile = file.defaultProfile ?? profiles[0]?.name;
  // SSM gives them in the order of their names.
  const profileNames = profiles.map(({ name }) => name);
  const base = { ...rest, ...(defaultProfile === undefined ? {} : { defaultProfile }), profileNames };
  return {
    path,
    parameters: [
      { key: "base", parameter: `${path}/base`, origin: "sources", json: JSON.stringify(base) },
      ...profiles.map((profile, index) => ({
        key: `profile-${profile.name}`,
        parameter: `${path}/profiles/${profile.name}`,
        origin: `profiles[${index}]`,
        json: JSON.stringify(profile),
      })),
    ],
  };
}

export function tooLarge({ parameters }: FleetDocuments): Problem[] {
  return parameters.flatMap(({ key, origin, json }): Problem[] => {
    const bytes = Buffer.byteLength(json);
    if (bytes <= mostBytes) return [];
    const whose = key === "base" ? "sources and general settings" : `profile "${key.replace(/^profile-/, "")}"`;
    const what = `${whose}: ${bytes.toLocaleString("en")} bytes as JSON, and an SSM parameter holds ${mostBytes.toLocaleString("en")}`;
    const fix =
      key === "base"
        ? "list organisations instead of single repositories, or make a second fleet"
        : "give it fewer labels or instance types, or split it into two profiles";
    return [{ path: origin, what, fix }];
  });
}
