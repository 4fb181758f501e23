/** Takes a claim file away only while it says what we judged it by; another server may do the same at this moment. */
import { randomUUID } from "node:crypto";
import { link, readFile, rename, unlink } from "node:fs/promises";
import { errorCode, ignoreAbsent } from "../../core/error-facts";

/** `false`: it says something else by now, and stays. */
export async function removeClaim(file: string, judged: string): Promise<boolean> {
  const aside = `${file}.${randomUUID()}`;
  try {
    await rename(file, aside);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return true;
    throw error;
  }
  const same = (await readFile(aside, "utf8")) === judged;
  // Back to its place, and over nobody's: a link does not replace.
  if (!same) await link(aside, file).catch(ignoreTaken);
  await unlink(aside).catch(ignoreAbsent);
  return same;
}

function ignoreTaken(error: unknown): void {
  if (errorCode(error) !== "EEXIST") throw error;
}
