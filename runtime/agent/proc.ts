/** The process table of Linux. Elsewhere it reads as empty, and only process groups are known. */
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { readProcFile } from "../machine/proc-file";

export interface ProcessEntry {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  readonly session: number;
  readonly uid: number;
}

/** Living processes; those that only wait to be reaped are left out. */
export function listProcesses(procDir = "/proc"): readonly ProcessEntry[] {
  return listPids(procDir).flatMap((pid) => readEntry(join(procDir, String(pid)), pid) ?? []);
}

/** Each `NAME=value` between zero bytes, of the first 256 KiB; empty when it is gone or not ours to read. */
export function readEnvironment(pid: number, procDir = "/proc"): Buffer {
  try {
    return Buffer.concat([Buffer.of(0), readProcFile(join(procDir, String(pid), "environ")), Buffer.of(0)]);
  } catch {
    return Buffer.alloc(0);
  }
}

function listPids(procDir: string): readonly number[] {
  try {
    return readdirSync(procDir)
      .filter((name) => /^\d+$/.test(name))
      .map(Number);
  } catch {
    return [];
  }
}

function readEntry(dir: string, pid: number): ProcessEntry | undefined {
  try {
    const { uid } = statSync(dir);
    const stat = readProcFile(join(dir, "stat")).toString("latin1");
    // The second field is the program's name in brackets, and it may hold anything, brackets too.
    const [state, parent, group, session] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (state === "Z" || state === "X") return undefined;
    return { pid, parent: Number(parent), group: Number(group), session: Number(session), uid };
  } catch {
    return undefined;
  }
}
