/** A fleet on AWS as the CLI knows it: what its deployment left in SSM under its name. */
import { OnejobError } from "../../core/errors";
import { fleetNamePattern, fleetPath } from "../../core/fleet-facts";
import { isGroup } from "../../core/settings-entries";
import type { Context } from "../context";
import { lazy } from "../lazy";
import type { Parameters } from "./parameters";

export interface Fleet {
  readonly name: string;
  readonly parameters: Parameters;
  /** Full names of the SSM parameters that hold its secrets. */
  readonly secrets: readonly string[];
}

/** Throws `usage` without a name, `fleet-unknown` when nothing of that name was deployed here. */
export async function openFleet({ io, options }: Context): Promise<Fleet> {
  const name = options.fleet ?? (io.env["ONEJOB_FLEET"] || undefined);
  if (name === undefined) throw new OnejobError("usage", "say which fleet: --fleet NAME, or ONEJOB_FLEET");
  if (!new RegExp(fleetNamePattern).test(name)) throw new OnejobError("usage", `"${name}" is no name of a fleet`);
  const parameters = lazy.fleetParameters().openParameters(io.env);
  const text = await parameters.read(`${fleetPath(name)}/facts`);
  if (text === undefined) throw new OnejobError("fleet-unknown", name);
  return { name, parameters, secrets: secretsIn(text, name) };
}

function secretsIn(text: string, fleet: string): readonly string[] {
  const facts: unknown = JSON.parse(text);
  const names = isGroup(facts) ? facts["secretsToFill"] : undefined;
  if (Array.isArray(names) && names.every((one) => typeof one === "string")) return names;
  throw new OnejobError("fleet-unknown", `${fleet} was deployed by another version of Onejob`);
}
