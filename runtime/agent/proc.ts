/** The process table of Linux. Elsewhere it reads as empty, and only process groups are known. */
import { readFileSync, readdirSync, statSync } from "node:fs";

export interface ProcessEntry {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  readonly session: number;
  readonly uid: number;
}

/** Living processes; those that only wait to be reaped are left out. */
export function listProcesses(): readonly ProcessEntry[] {
  return listPids().flatMap((pid) => readEntry(pid) ?? []);
}

/** Each `NAME=value` between zero bytes; empty when it is gone or not ours to read. */
export function readEnvironment(pid: number): Buffer {
  try {
    return Buffer.concat([Buffer.of(0), readFileSync(`/proc/${pid}/environ`), Buffer.of(0)]);
  } catch {
    return Buffer.alloc(0);
  }
}

function listPids(): readonly number[] {
  try {
    return readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .map(Number);
  } catch {
    return [];
  }
}

function readEntry(pid: number): ProcessEntry | undefined {
  try {
    const { uid } = statSync(`/proc/${pid}`);
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    // The second field is the program's name in brackets, and it may hold anything, brackets too.
    const [state, parent, group, session] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (state === "Z" || state === "X") return undefined;
    return { pid, parent: Number(parent), group: Number(group), session: Number(session), uid };
  } catch {
    return undefined;
  }
}
