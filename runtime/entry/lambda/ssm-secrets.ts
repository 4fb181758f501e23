/**
 * Secrets from SSM, decrypted there and kept in memory for minutes; named in logs and errors, never shown. One that was
 * read once is good until a newer one was read: SSM that does not answer takes nothing from us.
 */
import { GetParameterCommand, type SSMClient } from "@aws-sdk/client-ssm";
import { errorText } from "../../core/error-facts";
import { OnejobError } from "../../core/errors";
import type { Log } from "../../core/ports";
import type { SecretPlace } from "../../core/settings";
import { isThrottle, patiently, type Patience } from "./patience";

const keptMs = 5 * 60_000;
/** Anybody can send what no secret fits: so often, at most, that makes us ask. What could not be read waits as long. */
const renewEveryMs = 30_000;

export interface SsmSecretsOptions {
  readonly client: SSMClient;
  /** While there is none yet; also tells the time. */
  readonly patience: Patience;
  readonly log: Pick<Log, "warn">;
}

export interface Secrets {
  /** Throws `secret-missing`, which names the place, never what is there; not once it was read. */
  readonly read: (place: SecretPlace) => Promise<string>;
  /** The next reading of these is a new one. `false`: that was done a moment ago, for each of them. */
  renew(places: readonly SecretPlace[]): boolean;
}

interface Kept {
  readonly value: string;
  readonly from: number;
  /** It is read anew then. */
  readonly until: number;
}

export function ssmSecrets({ client, patience, log }: SsmSecretsOptions): Secrets {
  const { clock } = patience;
  const kept = new Map<string, Kept>();
  const reading = new Map<string, Promise<string>>();
  const renewedAt = new Map<string, number>();

  const keep = (name: string, value: string, ms: number): string => {
    const from = clock.now();
    kept.set(name, { value, from, until: from + ms });
    return value;
  };
  const renewed = async (name: string): Promise<string> => {
    const standing = kept.get(name);
    const ask = (): Promise<string> => readParameter(client, name);
    if (standing === undefined) return keep(name, await patiently(ask, isPassing, patience), keptMs);
    try {
      return keep(name, await ask(), keptMs);
    } catch (error) {
      log.warn("secret not renewed, the last one stays in force", { parameter: name, error });
      return keep(name, standing.value, renewEveryMs);
    }
  };

  return {
    async read(place) {
      if (!("ssm" in place))
        throw missing("env" in place ? place.env : place.file, "a fleet reads secrets from SSM only");
      const name = place.ssm;
      const standing = kept.get(name);
      if (standing !== undefined && isBetween(clock.now(), standing)) return standing.value;
      const asked = reading.get(name) ?? renewed(name).finally(() => reading.delete(name));
      reading.set(name, asked);
      return asked;
    },
    renew(places) {
      const now = clock.now();
      const names = places.flatMap((place) => ("ssm" in place ? [place.ssm] : []));
      const due = names.filter((name) => {
        const from = renewedAt.get(name);
        return from === undefined || !isBetween(now, { from, until: from + renewEveryMs });
      });
      for (const name of due) {
        renewedAt.set(name, now);
        const standing = kept.get(name);
        if (standing !== undefined) kept.set(name, { ...standing, until: now });
      }
      return due.length > 0;
    },
  };
}

/** A clock that was set back must not keep anything for hours. */
function isBetween(now: number, { from, until }: Pick<Kept, "from" | "until">): boolean {
  return now >= from && now < until;
}

function isPassing(error: unknown): boolean {
  return error instanceof OnejobError && isThrottle(error.cause);
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
