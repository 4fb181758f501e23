/**
 * Ends one machine and removes what it left, its record last: whatever stops us midway, `list` still shows it, and the
 * next call goes on from there.
 */
import { isUtf8 } from "node:buffer";
import { readdir, rename, rmdir, unlink } from "node:fs/promises";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { removeGroup } from "./cgroup";
import { removeTree } from "../../machine/remove-tree";
import { type Host, belongingOf, livingAgent } from "./host";
import { removeJobDir, removeStrays } from "./job-folder";
import { releaseUser } from "./job-user";
import { killAll, signal } from "./kill";
import { type MachineRecord, machineDir, readRecord, recordFile } from "./machine-record";
import { ignoreAbsent } from "../../core/error-facts";

export async function terminateMachine(host: Host, machine: string): Promise<void> {
  const record = await knownRecord(host, machine);
  const agent = livingAgent(host, belongingOf(host, machine, record), record);
  if (agent !== undefined) await askToLeave(host, agent.pid);
  await removeMachine(host, machine);
}

/** At once, without asking. */
export async function removeMachine(host: Host, machine: string): Promise<void> {
  const record = await knownRecord(host, machine);
  await killAll(host, machine, record);
  if (record !== undefined) {
    await removeJobDir(host, record);
    if (host.asRoot && record.user !== null) await removeStrays(host, record.user);
    if (record.cgroup !== null) await removeGroup(record.cgroup);
  }
  await removeFolder(machineDir(host.runnersDir, machine));
  const user = record?.user;
  if (user) await host.alone(() => releaseUser(host, machine, user));
}

async function knownRecord(host: Host, machine: string): Promise<MachineRecord | undefined> {
  const record = await readRecord(machineDir(host.runnersDir, machine));
  return typeof record === "object" ? record : undefined;
}

const lookEveryMs = 20;

async function askToLeave(host: Host, pid: number): Promise<void> {
  const startTime = host.table.startTime(pid);
  signal(pid, "SIGTERM");
  for (let waited = 0; waited < host.graceMs; waited += lookEveryMs) {
    if (host.table.startTime(pid) !== startTime) break;
    await sleep(lookEveryMs);
  }
  // Without a list of processes this is the only moment at which the group is surely its own.
  if (!host.table.complete) signal(-pid, "SIGKILL");
}

async function removeFolder(dir: string): Promise<void> {
  const names = (await readdir(dir, { encoding: "buffer" }).catch(ignoreAbsent)) ?? [];
  const record = Buffer.from(basename(recordFile(dir)));
  for (const name of names) if (!name.equals(record)) await removeTree(await sayable(dir, name));
  await unlink(recordFile(dir)).catch(ignoreAbsent);
  await rmdir(dir).catch(ignoreAbsent);
}

/** Its path as text. A job that is the same user as we may have chosen a name that is none. */
async function sayable(dir: string, name: Buffer): Promise<string> {
  if (isUtf8(name)) return join(dir, name.toString());
  const path = join(dir, `left-${name.toString("hex").slice(0, 200)}`);
  await rename(Buffer.concat([Buffer.from(`${dir}/`), name]), path).catch(ignoreAbsent);
  return path;
}
