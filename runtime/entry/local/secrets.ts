/** Reads secrets from where the settings say they are kept, each time anew: one may be changed while we run. */
import { readFile } from "node:fs/promises";
import { errorCode, errorText } from "../../core/error-facts";
import { OnejobError } from "../../core/errors";
import type { SecretPlace } from "../../core/settings";

/** Throws `secret-missing`, which names the place, never what is there. */
export async function readSecret(
  place: SecretPlace,
  env: Readonly<Record<string, string | undefined>> = process.env,
): Promise<string> {
  if ("env" in place) return contentOf(env[place.env], place);
  if ("file" in place) return contentOf(await readSecretFile(place.file), place);
  throw missing(place, "SSM is for servers on AWS; on this machine keep it in an environment variable or a file");
}

function placeWords(place: SecretPlace): string {
  if ("env" in place) return `the environment variable ${place.env}`;
  return "file" in place ? `the file ${place.file}` : `the SSM parameter ${place.ssm}`;
}

/** Editors and `echo` end a file with a line break that is no part of the secret. */
function contentOf(text: string | undefined, place: SecretPlace): string {
  if (text === undefined) throw missing(place, "it is not set where this program was started");
  const content = text.replace(/\r?\n$/, "");
  if (content.trim() === "") throw missing(place, "it is empty");
  return content;
}

async function readSecretFile(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    const code = errorCode(cause);
    const why = code === "ENOENT" ? "there is no such file" : `it cannot be read (${code ?? errorText(cause)})`;
    throw missing({ file }, why, cause);
  }
}

function missing(place: SecretPlace, why: string, cause?: unknown): OnejobError {
  return new OnejobError("secret-missing", `${placeWords(place)}: ${why}`, { cause });
}
