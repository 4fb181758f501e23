/** Reads a credential where it is kept; what is wrong with it names the place, never the value. */
import { errorCode } from "../../core/error-facts";
import { OnejobError } from "../../core/errors";
import type { SecretPlace } from "../../core/settings";
import { CredentialError } from "./credential-error";

/** Without the line break at the end of a file. Throws `source-refused`. */
export async function readCredential(
  place: SecretPlace,
  { secret, what }: { secret: (place: SecretPlace) => Promise<string>; what: string },
): Promise<string> {
  const value = (await read(place, { secret, what })).trim();
  if (value === "") throw new CredentialError(`${what} in ${placeName(place)} is empty`);
  return value;
}

async function read(
  place: SecretPlace,
  { secret, what }: { secret: (place: SecretPlace) => Promise<string>; what: string },
): Promise<string> {
  try {
    return await secret(place);
  } catch (cause) {
    const why =
      cause instanceof OnejobError ? (cause.detail ?? cause.message) : (errorCode(cause) ?? "it is not there");
    throw new CredentialError(`${what} in ${placeName(place)} cannot be read (${why})`, { cause });
  }
}

export function placeName(place: SecretPlace): string {
  if ("env" in place) return `the environment variable ${place.env}`;
  return "file" in place ? `the file ${place.file}` : `the parameter ${place.ssm}`;
}
