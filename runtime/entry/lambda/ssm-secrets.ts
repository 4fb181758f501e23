/** Secrets from SSM, decrypted there and kept in memory for minutes; named in logs and errors, never shown. */
import { GetParameterCommand, type SSMClient } from "@aws-sdk/client-ssm";
import { errorText } from "../../core/error-facts";
import { OnejobError } from "../../core/errors";
import type { Clock } from "../../core/ports";
import type { SecretPlace } from "../../core/settings";

const keptMs = 5 * 60_000;
/** Anybody can send what no secret fits: so often, at most, that makes us ask. */
const renewEveryMs = 30_000;

export interface SsmSecretsOptions {
  readonly client: SSMClient;
  readonly clock: Clock;
}

export interface Secrets {
  /** Throws `secret-missing`, which names the place, never what is there. */
  readonly read: (place: SecretPlace) => Promise<string>;
  /** Forgets these, so that the next reading is a new one. `false`: that was done a moment ago. */
  renew(places: readonly SecretPlace[]): boolean;
}

interface Kept {
  readonly at: number;
  readonly value: Promise<string>;
}

export function ssmSecrets({ client, clock }: SsmSecretsOptions): Secrets {
  const kept = new Map<string, Kept>();
  let renewedAt = Number.NEGATIVE_INFINITY;
  const isFresh = ({ at }: Kept, now: number): boolean => now >= at && now - at < keptMs;
  return {
    async read(place) {
      if (!("ssm" in place))
        throw missing("env" in place ? place.env : place.file, "a fleet reads secrets from SSM only");
      const now = clock.now();
      const standing = kept.get(place.ssm);
      if (standing !== undefined && isFresh(standing, now)) return standing.value;
      const value = readParameter(client, place.ssm);
      kept.set(place.ssm, { at: now, value });
      value.catch(() => kept.delete(place.ssm));
      return value;
    },
    renew(places) {
      const now = clock.now();
      if (now >= renewedAt && now - renewedAt < renewEveryMs) return false;
      renewedAt = now;
      for (const place of places) if ("ssm" in place) kept.delete(place.ssm);
      return true;
    },
  };
}

async function readParameter(client: SSMClient, name: string): Promise<string> {
  let value: string | undefined;
  try {
    value = (await client.send(new GetParameterCommand({ Name: name, WithDecryption: true }))).Parameter?.Value;
  } catch (cause) {
    const absent = cause instanceof Error && cause.name === "ParameterNotFound";
    throw missing(name, absent ? "there is no such parameter" : `it cannot be read (${errorText(cause)})`, cause);
  }
  const content = (value ?? "").replace(/\r?\n$/, "");
  if (content.trim() === "") throw missing(name, "it is empty");
  return content;
}

function missing(name: string, why: string, cause?: unknown): OnejobError {
  return new OnejobError("secret-missing", `the SSM parameter ${name}: ${why}`, { cause });
}
