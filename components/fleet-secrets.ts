/** Which SSM parameters hold the secrets of a fleet: those the functions read, and those somebody has to fill. Pure. */
import type { SecretPlace, Settings, SourceSettings } from "../runtime/core/settings";
import { fleetPath } from "../runtime/core/fleet-facts";

export interface SecretParameters {
  readonly webhookSecrets: readonly string[];
  /** Keys and tokens of the forges. */
  readonly credentials: readonly string[];
}

export function secretParameters({ sources }: Settings): SecretParameters {
  return {
    webhookSecrets: unique(sources.flatMap(webhookSecretsOf)),
    credentials: unique(sources.flatMap(credentialsOf)),
  };
}

/** Those under the fleet's own path; the others are the user's, and there already. */
export function secretsToFill(fleet: string, { webhookSecrets, credentials }: SecretParameters): readonly string[] {
  return unique([...credentials, ...webhookSecrets]).filter((name) => name.startsWith(`${fleetPath(fleet)}/secrets/`));
}

function webhookSecretsOf(source: SourceSettings): readonly string[] {
  return source.kind === "github" ? source.webhookSecrets.flatMap(parameterOf) : [];
}

function credentialsOf(source: SourceSettings): readonly string[] {
  if (source.kind !== "github") return [];
  return parameterOf(source.auth.kind === "app" ? source.auth.privateKey : source.auth.token);
}

const parameterOf = (place: SecretPlace): readonly string[] => ("ssm" in place ? [place.ssm] : []);

const unique = (names: readonly string[]): readonly string[] => [...new Set(names)].sort();
