/**
 * The fleet's settings as they stand in SSM, one parameter for what holds for the fleet and one per profile, put together
 * and checked. A deployment writes them one by one: `profileNames` in the first says which of the others are in force.
 */
import { GetParametersByPathCommand, type Parameter, type SSMClient } from "@aws-sdk/client-ssm";
import { errorText } from "../../core/error-facts";
import { OnejobError } from "../../core/errors";
import { readSettings } from "../../core/read-settings";
import type { Settings } from "../../core/settings";

/** They do not fit together. A deployment may be at it, so they may fit a moment later. */
export class UnfitSettings extends OnejobError {
  constructor(detail: string, details?: unknown) {
    super("bad-config", detail, { details });
  }
}

/** By name. */
export type Parameters = ReadonlyMap<string, string>;

export async function readParameters(client: SSMClient, path: string): Promise<Parameters> {
  const found: Parameter[] = [];
  let NextToken: string | undefined;
  do {
    const input = { Path: path, Recursive: true, ...(NextToken === undefined ? {} : { NextToken }) };
    const page = await client.send(new GetParametersByPathCommand(input));
    found.push(...(page.Parameters ?? []));
    NextToken = page.NextToken;
  } while (NextToken !== undefined && NextToken !== "");
  return new Map(found.map(({ Name = "", Value = "" }) => [Name, Value]));
}

/** Throws `bad-config`: `UnfitSettings` when it may pass. */
export function settingsOf(parameters: Parameters, path: string): Settings {
  const base = documentAt(parameters, `${path}/base`);
  if (base === undefined) throw new OnejobError("bad-config", `there is no parameter ${path}/base`);
  if (!isFields(base)) throw new OnejobError("bad-config", `the parameter ${path}/base is no object`);
  const { profileNames, ...whole } = base;
  const profiles = profileParameters(profileNames, parameters, path).map((name) => {
    const profile = documentAt(parameters, name);
    if (profile === undefined) throw new UnfitSettings(`there is no parameter ${name}, which ${path}/base names`);
    return profile;
  });
  const read = readSettings({ ...whole, profiles }, { os: "linux", arch: "x64", host: "aws" });
  if (read.ok) return read.settings;
  const words = read.problems.map(({ path: where, what }) => `${where} ${what}`);
  throw new UnfitSettings(`${path}: ${words.join("; ")}`, read.problems);
}

/** Those in force, in their order; all there are, by name, where nobody says. */
function profileParameters(named: unknown, parameters: Parameters, path: string): readonly string[] {
  const folder = `${path}/profiles/`;
  if (named === undefined) return [...parameters.keys()].filter((name) => name.startsWith(folder)).sort();
  if (Array.isArray(named) && named.every((name): name is string => typeof name === "string"))
    return named.map((name) => `${folder}${name}`);
  throw new OnejobError("bad-config", `${path}/base: profileNames is no list of names`);
}

function isFields(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function documentAt(parameters: Parameters, name: string): unknown {
  const text = parameters.get(name);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new OnejobError("bad-config", `the parameter ${name} is not JSON: ${errorText(cause)}`, { cause });
  }
}
