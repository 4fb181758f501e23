/** Removes what a job left, whatever it did to it, and even while others still work in it. */
import { constants } from "node:fs";
import { type FileHandle, chmod, lstat, open, readdir, rmdir, unlink } from "node:fs/promises";
import { OnejobError } from "../core/errors";
import { type Owner, brooms, sweep } from "./sweep";
import { errorCode, ignoreAbsent } from "../core/error-facts";

/**
 * Gone already: fine. A link is removed, never followed. As root, what a job's user left is removed with that user's
 * rights; only the empty folder itself goes with ours.
 */
export async function removeTree(path: string, user?: Owner): Promise<void> {
  const found = await lstat(path).catch(ignoreAbsent);
  if (found === undefined) return;
  if (!found.isDirectory()) return unlink(path).catch(ignoreAbsent);
  const rights = process.geteuid?.() === 0 ? user : undefined;
  for (const broom of brooms) {
    if (!(await give(path, rights))) return;
    await sweep({ dir: path, rights }, broom);
    if (rights !== undefined) await give(path, { uid: 0, gid: 0 }, rights);
    if (await removeEmpty(path)) return;
  }
  const detail = `what is left in ${path} does not go away; it is tried again by itself, or remove it by hand`;
  throw new OnejobError("internal", detail);
}

/** Removes what the user has directly in a folder that is not its own, such as /tmp. */
export async function removeOwned(dir: string, user: Owner): Promise<void> {
  for (const broom of brooms) {
    if (!(await hasOwned(dir, user.uid))) return;
    await sweep({ dir, rights: user, onlyOf: user.uid }, broom);
  }
  if (!(await hasOwned(dir, user.uid))) return;
  const detail = `what user ${user.uid} left in ${dir} does not go away; it is tried again by itself, or remove it by hand`;
  throw new OnejobError("internal", detail);
}

async function hasOwned(dir: string, uid: number): Promise<boolean> {
  // Names are bytes: as text, those that are not UTF-8 would lead nowhere.
  const names = (await readdir(dir, { encoding: "buffer" }).catch(ignoreAbsent)) ?? [];
  for (const name of names) {
    const found = await lstat(Buffer.concat([Buffer.from(`${dir}/`), name])).catch(ignoreAbsent);
    if (found?.uid === uid) return true;
  }
  return false;
}

/** Closes the folder to all but this owner. `false`: it is gone. Not by path, for a path can come to mean another. */
async function give(path: string, to: Owner | undefined, from = to): Promise<boolean> {
  if (to === undefined || from === undefined) {
    await chmod(path, 0o700).catch(ignoreAbsent);
    return (await lstat(path).catch(ignoreAbsent)) !== undefined;
  }
  const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = constants;
  const handle = await open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW).catch(ignoreAbsent);
  if (handle === undefined) return false;
  try {
    await giveOpen(handle, to, from);
    return true;
  } catch (error) {
    throw new OnejobError("internal", `${path} cannot be removed: ${String(error)}`, { cause: error });
  } finally {
    await handle.close();
  }
}

async function giveOpen(handle: FileHandle, to: Owner, from: Owner): Promise<void> {
  const { uid } = await handle.stat();
  if (uid !== 0 && uid !== from.uid) throw new Error(`it belongs to user ${uid}`);
  await handle.chown(to.uid, to.gid);
  await handle.chmod(0o700);
}

async function removeEmpty(path: string): Promise<boolean> {
  try {
    await rmdir(path);
    return true;
  } catch (error) {
    const code = errorCode(error) ?? "";
    if (code === "ENOENT") return true;
    if (["ENOTEMPTY", "EEXIST"].includes(code)) return false;
    throw error;
  }
}
