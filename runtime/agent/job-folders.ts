/** The job's own folders, made for its user alone. */
import { chmod, chown, lstat, mkdir } from "node:fs/promises";
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
