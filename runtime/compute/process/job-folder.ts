/** The folder a job works in, and what a job of its own user leaves outside it. */
import { chmod, chown, lstat, mkdir, readdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { errnoOf, ignoreAbsent } from "./errno";
import type { Host } from "./host";
import { LaunchRefusal } from "./launch-refusal";
import { type MachineRecord, machineDir } from "./machine-record";
import { removeTree } from "./remove-tree";

/** As root the data folder is closed to the job's user, so its folder has to lie outside. */
export function jobDirOf(host: Host, machine: string): string {
  return host.asRoot ? join(host.jobsRoot, `onejob-${machine}`) : join(machineDir(host.runnersDir, machine), "job");
}

export async function makeJobDir(record: MachineRecord): Promise<void> {
  try {
    await mkdir(record.jobDir, { mode: 0o700 });
  } catch (error) {
    if (errnoOf(error) !== "EEXIST") throw error;
    await requireOurs(record);
  }
  if (record.user !== null) await chown(record.jobDir, record.user.uid, record.user.gid);
  await chmod(record.jobDir, 0o700);
}

/** One that a crash left between making and starting is ours. In a folder like /tmp another could be a trap. */
async function requireOurs(record: MachineRecord): Promise<void> {
  const found = await lstat(record.jobDir);
  const owners = [process.geteuid?.() ?? found.uid, record.user?.uid];
  if (found.isDirectory() && owners.includes(found.uid)) return;
  throw new LaunchRefusal("misconfigured", `${record.jobDir} exists and is not ours; look who made it and remove it`);
}

export async function removeJobDir(host: Host, record: MachineRecord): Promise<void> {
  const name = basename(record.jobDir);
  if (name === "job" || name === `onejob-${record.runner}`) await removeTree(record.jobDir, { takeOver: host.asRoot });
}

/** The next job may get the same uid: nothing of this one may wait for it. */
export async function removeStrays(host: Host, record: MachineRecord): Promise<void> {
  const { user } = record;
  if (!host.asRoot || user === null) return;
  for (const dir of new Set([host.jobsRoot, "/tmp", "/var/tmp", "/dev/shm"])) {
    const names = (await readdir(dir).catch(ignoreAbsent)) ?? [];
    for (const name of names) {
      const found = await lstat(join(dir, name)).catch(ignoreAbsent);
      if (found?.uid === user.uid) await removeTree(join(dir, name), { takeOver: true });
    }
  }
}
