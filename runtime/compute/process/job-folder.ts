/** The folder a job works in, and what a job of its own user leaves outside it. */
import { chown, lstat, mkdir, readdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { errnoOf, ignoreAbsent } from "../../machine/errno";
import type { Host } from "./host";
import { LaunchRefusal } from "./launch-refusal";
import { type MachineRecord, machineDir } from "./machine-record";
import { removeTree } from "./remove-tree";

/** As root the data folder is closed to the job's user, so its folder has to lie outside. */
export function jobDirOf(host: Host, machine: string): string {
  return host.asRoot ? join(host.jobsRoot, `onejob-${machine}`) : join(machineDir(host.runnersDir, machine), "job");
}

/** Never one that is there already: in a folder like /tmp it could be a trap. */
export async function makeJobDir(record: MachineRecord): Promise<void> {
  try {
    await mkdir(record.jobDir, { mode: 0o700 });
  } catch (error) {
    if (errnoOf(error) !== "EEXIST") throw error;
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
  await removeTree(record.jobDir, { takeOver: host.asRoot });
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
