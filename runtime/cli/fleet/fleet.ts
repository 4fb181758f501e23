/** A fleet on AWS as the CLI knows it: what its deployment left in SSM under its name. */
import { OnejobError } from "../../core/errors";
import { fleetNamePattern, fleetPath } from "../../core/fleet-facts";
import { isGroup } from "../../core/settings-entries";
import type { Context } from "../context";
import type { CliIo } from "../io";
import { lazy } from "../lazy";
import type { AddressOptions } from "../server-address";
import type { Parameters } from "./parameters";

export interface Fleet {
  readonly name: string;
  readonly parameters: Parameters;
  /** Full names of the SSM parameters that hold its secrets. */
  readonly secrets: readonly string[];
  /** A name or address of something of it (`api`: of its function for people). Throws `fleet-outdated`. */
  fact(name: string): string;
}

interface Asked {
  readonly options: AddressOptions;
  readonly io: Pick<CliIo, "env">;
}

/**
 * The fleet that is asked; `undefined`: a server is meant. A flag wins over the environment, and there a fleet wins over
 * an address. Throws `usage` for flags that contradict each other.
 */
export function fleetName({ options: { fleet, url, tokenFile }, io: { env } }: Asked): string | undefined {
  const other = url !== undefined ? "--url" : tokenFile !== undefined ? "--token-file" : undefined;
  if (fleet !== undefined && other !== undefined)
    throw new OnejobError("usage", `--fleet and ${other} contradict each other; give one of them`);
  return fleet ?? (url === undefined ? env["ONEJOB_FLEET"] || undefined : undefined);
}

/**
 * Throws `usage` without a name, beginning with `because`; `fleet-unknown` when nothing of that name was deployed here;
 * `fleet-outdated` when it was deployed by a version that left less.
 */
export async function openFleet(context: Context, because = ""): Promise<Fleet> {
  if (fleetName(context) === undefined)
    throw new OnejobError("usage", `${because}say which fleet: --fleet NAME, or ONEJOB_FLEET`);
  return context.fleet();
}

/** As `openFleet`, anew at each call. */
export async function findFleet(asked: Asked): Promise<Fleet> {
  const name = fleetName(asked) ?? "";
  if (!new RegExp(fleetNamePattern).test(name)) throw new OnejobError("usage", `"${name}" is no name of a fleet`);
  const parameters = lazy.fleetParameters().openParameters(asked.io.env);
  const region = await parameters.region();
  const text = await parameters.read(`${fleetPath(name)}/facts`);
  if (text === undefined) throw new OnejobError("fleet-unknown", `${name} in ${region}`);
  const facts = parsed(text);
  const urls = facts["urls"];
  const fact = (wanted: string): string => {
    const value = facts[wanted] ?? (isGroup(urls) ? urls[wanted] : undefined);
    if (typeof value === "string") return value;
    throw new OnejobError("fleet-outdated", `${name} does not tell its ${wanted}`);
  };
  return { name, parameters, secrets: secretsIn(facts, name), fact };
}

function parsed(text: string): Readonly<Record<string, unknown>> {
  try {
    const facts: unknown = JSON.parse(text);
    return isGroup(facts) ? facts : {};
  } catch {
    return {};
  }
}

function secretsIn(facts: Readonly<Record<string, unknown>>, fleet: string): readonly string[] {
  const names = facts["secretsToFill"];
  if (Array.isArray(names) && names.every((one) => typeof one === "string")) return names;
  throw new OnejobError("fleet-outdated", `${fleet} does not tell its secrets`);
}
