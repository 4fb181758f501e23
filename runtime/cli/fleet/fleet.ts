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
  /** Where its api function is; `null`: its deployment has not said. */
  readonly api: URL | null;
  /** Full names of the SSM parameters that hold its secrets. */
  readonly secrets: readonly string[];
}

/** Throws `usage` without a name, `fleet-unknown` when nothing of that name was deployed here. */
export function openFleet(context: Context): Promise<Fleet> {
  return context.fleet();
}

export async function findFleet(options: AddressOptions, io: Pick<CliIo, "env">): Promise<Fleet> {
  const name = options.fleet ?? (io.env["ONEJOB_FLEET"] || undefined);
  if (name === undefined) throw new OnejobError("usage", "say which fleet: --fleet NAME, or ONEJOB_FLEET");
  if (!new RegExp(fleetNamePattern).test(name)) throw new OnejobError("usage", `"${name}" is no name of a fleet`);
  const parameters = lazy.fleetParameters().openParameters(io.env);
  const text = await parameters.read(`${fleetPath(name)}/facts`);
  if (text === undefined) throw new OnejobError("fleet-unknown", `${name} in ${await parameters.region()}`);
  return { name, parameters, ...readFacts(text, name) };
}

function readFacts(text: string, fleet: string): Pick<Fleet, "secrets" | "api"> {
  const facts = parsed(text);
  const names = facts["secretsToFill"];
  const urls = facts["urls"];
  const api = isGroup(urls) ? urls["api"] : undefined;
  if (!Array.isArray(names) || !names.every((one) => typeof one === "string")) throw otherVersion(fleet);
  return { secrets: names, api: typeof api === "string" && URL.canParse(api) ? new URL(api) : null };
}

export function otherVersion(fleet: string): OnejobError {
  return new OnejobError("fleet-unknown", `${fleet} was deployed by another version of Onejob`);
}

function parsed(text: string): Readonly<Record<string, unknown>> {
  try {
    const facts: unknown = JSON.parse(text);
    return isGroup(facts) ? facts : {};
  } catch {
    return {};
  }
}
