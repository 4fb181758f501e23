/** The job's own folders: made for its user alone, and removed whatever the job did to them. */
import { chmod, chown, lstat, mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { AgentBoot } from "../core/agent-protocol";

export interface JobFolders {
  readonly work: string;
  readonly home: string;
  readonly temporary: string;
}

export async function makeJobFolders(jobDir: string, user: AgentBoot["user"]): Promise<JobFolders> {
  const folders = { work: join(jobDir, "work"), home: join(jobDir, "home"), temporary: join(jobDir, "tmp") };
  await makeOwnFolder(jobDir, user);
  for (const folder of Object.values(folders)) {
    await mkdir(folder, { mode: 0o700 });
    if (user !== undefined) await chown(folder, user.uid, user.gid);
  }
  return folders;
}

/** The compute may have made it already. Anybody else's could be a trap, in a folder like /tmp. */
async function makeOwnFolder(path: string, user: AgentBoot["user"]): Promise<void> {
  await mkdir(path, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error;
  });
  const found = await lstat(path);
  const owners = [process.geteuid?.() ?? found.uid, user?.uid];
  if (!found.isDirectory() || !owners.includes(found.uid)) throw new Error(`${path} belongs to somebody else`);
  await chmod(path, 0o700);
  if (user !== undefined) await chown(path, user.uid, user.gid);
}

/** Gone already: no error. Throws when it cannot be removed. */
export async function removeTree(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true });
  } catch {
    // Most likely folders without write permission; their owner may give it back.
    await unlock(path);
    await rm(path, { recursive: true, force: true, maxRetries: 3 });
  }
}

async function unlock(path: string): Promise<void> {
  // Never through a symbolic link: it may point anywhere.
  if (!(await lstat(path)).isDirectory()) return;
  await chmod(path, 0o700);
  for (const entry of await readdir(path, { withFileTypes: true })) {
    if (entry.isDirectory()) await unlock(join(path, entry.name));
  }
}
