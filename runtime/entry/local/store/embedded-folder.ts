/**
 * Whether a LevelDB's folder is still the one that was opened. Files that are deleted or moved away can be written on by
 * whoever has them open: all would be stored, and the next start would find none of it.
 */
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { ignoreAbsent } from "../../../core/error-facts";
import { OnejobError } from "../../../core/errors";

export interface OpenedFolder {
  /** Throws `not-stored` when it is gone, or another one stands in its place. */
  check(): Promise<void>;
}

/** Of a LevelDB that is open: its lock file stays the same until somebody touches the folder. */
export async function openedFolder(folder: string): Promise<OpenedFolder> {
  const opened = await identity(folder);
  return {
    async check() {
      const found = await identity(folder);
      if (found === opened) return;
      const what =
        found === undefined
          ? `${folder} was deleted or moved away under the running server; put it back`
          : `another folder was put in the place of ${folder}; put the first one back, or start the server anew`;
      throw new OnejobError("not-stored", what);
    },
  };
}

async function identity(folder: string): Promise<string | undefined> {
  const found = await stat(join(folder, "LOCK"), { bigint: true }).catch(ignoreAbsent);
  return found === undefined ? undefined : `${found.dev}/${found.ino}`;
}
