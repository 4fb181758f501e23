/** Removes what a job left, also folders it locked. Its processes must be dead. */
import { constants } from "node:fs";
import { chmod, lstat, open, readdir, rm, unlink } from "node:fs/promises";
import { join } from "node:path";
import { errnoOf, ignoreAbsent } from "./errno";

export interface RemoveOptions {
  /** As root: make the folder ours first, so that nobody can swap what lies in it while we delete. */
  readonly takeOver: boolean;
}

/** Gone already: fine. A link is removed, never followed. */
export async function removeTree(path: string, options: RemoveOptions): Promise<void> {
  const found = await lstat(path).catch(ignoreAbsent);
  if (found === undefined) return;
  if (!found.isDirectory()) return unlink(path).catch(ignoreAbsent);
  if (options.takeOver) await takeOver(path);
  try {
    await rm(path, { recursive: true, force: true, maxRetries: 3 });
  } catch (error) {
    if (!["EACCES", "EPERM", "ENOTEMPTY"].includes(errnoOf(error) ?? "")) throw error;
    await unlock(path);
    await rm(path, { recursive: true, force: true, maxRetries: 3 });
  }
}

async function takeOver(dir: string): Promise<void> {
  const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = constants;
  const handle = await open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  try {
    await handle.chown(0, 0);
    await handle.chmod(0o700);
  } finally {
    await handle.close();
  }
}

async function unlock(dir: string): Promise<void> {
  await chmod(dir, 0o700);
  for (const entry of await readdir(dir, { withFileTypes: true })) {
    if (entry.isDirectory()) await unlock(join(dir, entry.name));
  }
}
