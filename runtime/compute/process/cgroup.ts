/**
 * Control groups, version 2: the one way to end a process tree that nothing in it escapes, and to hold it to a limit.
 * Many machines grant neither; what is not there is not claimed. https://docs.kernel.org/admin-guide/cgroup-v2.html
 */
import { constants, accessSync, existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { mkdir, readdir, rmdir, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { ProfileSettings } from "../../core/settings";
import { errorCode, ignoreAbsent } from "../../core/error-facts";

/** What holds on this machine. `marker`: by environment marker; `group`: the agent's process group only. */
export interface Enforcement {
  readonly memory: boolean;
  readonly cpu: boolean;
  readonly kill: "cgroup" | "marker" | "group";
}

export interface GroupBase {
  readonly dir: string;
  /** The service manager gave us this group to divide as we like. */
  readonly delegated: boolean;
}

export type Limits = Pick<ProfileSettings["limits"], "memoryMiB" | "cpus">;

/** A unit with `Delegate=yes` and `DelegateSubgroup=onejob-server` puts us here; the group above is then ours. */
const serverGroup = "onejob-server";

/** Our own group in the texts of `/proc/self/mountinfo` and `/proc/self/cgroup`. */
export function locateBase(mountinfo: string, membership: string): GroupBase | undefined {
  const own = /^0::(\/.*)$/m.exec(membership)?.[1];
  const mount = mountinfo.split("\n").find((line) => line.includes(" - cgroup2 "));
  const [, , , root, mountPoint] = (mount ?? "").split(" ");
  if (own === undefined || root === undefined || mountPoint === undefined || own.startsWith("/..")) return undefined;
  const inside = root === "/" ? own : own.startsWith(root) ? own.slice(root.length) : undefined;
  if (inside === undefined) return undefined;
  const dir = join(unescape(mountPoint), inside);
  return basename(dir) === serverGroup ? { dir: dirname(dir), delegated: true } : { dir, delegated: false };
}

/** Group names may hold blanks, which mountinfo writes in octal. */
function unescape(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8)));
}

export function currentBase(procDir = "/proc"): GroupBase | undefined {
  try {
    return locateBase(
      readFileSync(join(procDir, "self", "mountinfo"), "utf8"),
      readFileSync(join(procDir, "self", "cgroup"), "utf8"),
    );
  } catch {
    return undefined;
  }
}

export type GroupSupport = Pick<Enforcement, "memory" | "cpu">;

/** Makes a group and looks, because rights, mounts and versions have too many combinations to guess. */
export function probe(base: GroupBase): GroupSupport | undefined {
  if (base.delegated)
    for (const name of ["memory", "cpu"]) writable(join(base.dir, "cgroup.subtree_control"), `+${name}`);
  const dir = join(base.dir, `onejob-probe-${process.pid}`);
  try {
    // Not `recursive`: on a file system that takes no folders, such as /proc, Node then never returns.
    if (!existsSync(dir)) mkdirSync(dir);
    accessSync(join(dir, "cgroup.procs"), constants.W_OK);
    if (!existsSync(join(dir, "cgroup.kill"))) return undefined;
    return { memory: writable(join(dir, "memory.max"), "max"), cpu: writable(join(dir, "cpu.max"), "max") };
  } catch {
    return undefined;
  } finally {
    attempt(() => rmdirSync(dir));
  }
}

function writable(file: string, text: string): boolean {
  // Without this look a file would be made where there are no groups at all.
  return existsSync(file) && attempt(() => writeFileSync(file, text));
}

function attempt(action: () => void): boolean {
  try {
    action();
    return true;
  } catch {
    return false;
  }
}

export function groupOf(base: GroupBase, machine: string): string {
  return join(base.dir, `onejob-${machine}`);
}

export async function makeGroup(dir: string, limits: Limits, support: GroupSupport): Promise<void> {
  await mkdir(dir).catch(ignoreExisting);
  if (support.memory && limits.memoryMiB !== null)
    await writeFile(join(dir, "memory.max"), String(limits.memoryMiB * 1024 * 1024));
  if (support.cpu && limits.cpus !== null)
    await writeFile(join(dir, "cpu.max"), `${Math.round(limits.cpus * cpuPeriod)} ${cpuPeriod}`);
}

const cpuPeriod = 100_000;

export async function enterGroup(dir: string, pid: number): Promise<void> {
  await writeFile(join(dir, "cgroup.procs"), String(pid));
}

export async function killGroup(dir: string): Promise<void> {
  await writeFile(join(dir, "cgroup.kill"), "1", { flag: "r+" }).catch(ignoreAbsent);
}

/** A job may have made groups below its own where it has the right to. */
export async function removeGroup(dir: string): Promise<void> {
  const entries = (await readdir(dir, { withFileTypes: true }).catch(ignoreAbsent)) ?? [];
  for (const entry of entries) if (entry.isDirectory()) await removeGroup(join(dir, entry.name));
  for (let tries = 0; ; tries++) {
    try {
      return await rmdir(dir).catch(ignoreAbsent);
    } catch (error) {
      // The kernel takes a moment to let go of the processes just killed.
      if (errorCode(error) !== "EBUSY" || tries === 100) throw error;
      await sleep(20);
    }
  }
}

function ignoreExisting(error: unknown): undefined {
  if (errorCode(error) !== "EEXIST") throw error;
  return undefined;
}
