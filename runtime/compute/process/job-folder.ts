/** The folder a job works in, and what a job of its own user leaves outside it. */
import { chown, lstat, mkdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { removeOwned, removeTree } from "../../machine/remove-tree";
import { removeIpc } from "./ipc";
import type { Host } from "./host";
import { LaunchRefusal } from "../../core/launch-refusal";
import { type MachineRecord, machineDir } from "./machine-record";
import type { JobUser } from "./job-user";
import { errorCode, ignoreAbsent } from "../../core/error-facts";

/** As root the data folder is closed to the job's user, so its folder has to lie outside. */
export function jobDirOf(host: Host, machine: string): string {
  return host.asRoot ? join(host.jobsRoot, `onejob-${machine}`) : join(machineDir(host.runnersDir, machine), "job");
}

/** Never one that is there already: in a folder like /tmp it could be a trap. */
export async function makeJobDir(record: MachineRecord): Promise<void> {
  try {
    await mkdir(record.jobDir, { mode: 0o700 });
  } catch (error) {
    if (errorCode(error) !== "EEXIST") throw error;
    const detail = `${record.jobDir} exists already; look who made it and remove it`;
    throw new LaunchRefusal("misconfigured", detail, { cause: error });
  }
  if (record.user !== null) await chown(record.jobDir, record.user.uid, record.user.gid);
}

/** Only one that we can have made. */
export async function removeJobDir(host: Host, record: MachineRecord): Promise<void> {
  if (![`onejob-${record.runner}`, "job"].includes(basename(record.jobDir))) return;
  const found = await lstat(record.jobDir).catch(ignoreAbsent);
  const owners = [process.geteuid?.() ?? found?.uid, record.user?.uid];
  if (found?.isDirectory() !== true || !owners.includes(found.uid)) return;
  await removeTree(record.jobDir, host.asRoot ? (record.user ?? undefined) : undefined);
}

/** Where every user may leave things. */
const open = ["/tmp", "/var/tmp", "/dev/shm", "/dev/mqueue"];

/** The next job may get the same uid: nothing of this one may wait for it. */
export async function removeStrays(host: Host, user: JobUser): Promise<void> {
  for (const dir of new Set([host.jobsRoot, ...open])) await removeOwned(dir, user);
  await removeIpc(user);
}
