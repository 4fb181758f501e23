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
  /** A name or address of something of it. Throws `fleet-outdated`. */
  fact(name: string): string;
}

type Asked = Pick<Context, "io" | "options">;

/** `undefined`: a server is meant. */
export function fleetName({ io, options }: Asked): string | undefined {
  return options.fleet ?? (io.env["ONEJOB_FLEET"] || undefined);
}

/**
 * Throws `usage` without a name, beginning with `because`; `fleet-unknown` when nothing of that name was deployed here;
 * `fleet-outdated` when it was deployed by a version that left less.
 */
export async function openFleet(context: Asked, because = ""): Promise<Fleet> {
  const name = fleetName(context);
  if (name === undefined) throw new OnejobError("usage", `${because}say which fleet: --fleet NAME, or ONEJOB_FLEET`);
  if (!new RegExp(fleetNamePattern).test(name)) throw new OnejobError("usage", `"${name}" is no name of a fleet`);
  const parameters = lazy.fleetParameters().openParameters(context.io.env);
  const text = await parameters.read(`${fleetPath(name)}/facts`);
  if (text === undefined) throw new OnejobError("fleet-unknown", name);
  const facts: unknown = JSON.parse(text);
  const fact = (wanted: string): string => {
    const value = isGroup(facts) ? facts[wanted] : undefined;
    if (typeof value === "string") return value;
    throw new OnejobError("fleet-outdated", `${name} does not tell its ${wanted}`);
  };
  return { name, parameters, secrets: secretsIn(facts, name), fact };
}

function secretsIn(facts: unknown, fleet: string): readonly string[] {
  const names = isGroup(facts) ? facts["secretsToFill"] : undefined;
  if (Array.isArray(names) && names.every((one) => typeof one === "string")) return names;
  throw new OnejobError("fleet-outdated", `${fleet} does not tell its secrets`);
}
