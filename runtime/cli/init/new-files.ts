/** Writes what was not there before. Nothing is ever overwritten. */
import { accessSync, constants, existsSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { errorCode, errorText } from "../../core/error-facts";
import { OnejobError } from "../../core/errors";
import { usage } from "../commands/command";

/** Said before any question is asked, or an app is made that could then not be kept. */
export function checkPlace(file: string): void {
  if (existsSync(file))
    throw usage(`${file} is there already and stays as it is; move it away first, or name another with --config`);
  try {
    accessSync(dirname(file), constants.W_OK | constants.X_OK);
  } catch (cause) {
    throw unwritable(file, cause);
  }
}

/** `wx`: a check before and this write are two steps, and somebody may come between. */
export function writeNew(file: string, content: string, mode = 0o666): void {
  try {
    writeFileSync(file, content, { flag: "wx", mode });
  } catch (cause) {
    throw unwritable(file, cause);
  }
}

/** For this user's eyes only. */
export function writeSecret(file: string, content: string): void {
  writeNew(file, content.endsWith("\n") ? content : `${content}\n`, 0o600);
}

function unwritable(file: string, cause: unknown): OnejobError {
  const code = errorCode(cause) ?? errorText(cause);
  const detail = `${file} cannot be written (${code}); go to another folder, or name one with --config`;
  return new OnejobError("usage", detail, { cause });
}
