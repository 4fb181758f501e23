/**
 * Which processes live on this machine. A zombie is dead: it runs nothing, and whoever made it has yet to notice.
 * Read synchronously, because a list taken in one go is far harder for a forking job to slip through.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { readProcFile } from "../../machine/proc-file";
import { type Marker, parseMarker } from "../../core/marker";
import { errorCode } from "../../core/error-facts";

export interface ProcessEntry {
  readonly pid: number;
  readonly parent: number;
  readonly session: number;
  readonly startTime: string;
  /** Real, effective, saved and file system uid. */
  readonly uids: readonly number[];
  readonly marker: Marker | undefined;
}

export interface ProcessTable {
  /** `false`: a single process can be looked up, but not all of them. */
  readonly complete: boolean;
  snapshot(): readonly ProcessEntry[];
  /** A snapshot taken after this call; all who ask in one turn share it, for it costs milliseconds. */
  nextSnapshot(): Promise<readonly ProcessEntry[]>;
  /** `undefined`: dead. */
  startTime(pid: number): string | undefined;
}

export function processTable(procDir = "/proc"): ProcessTable {
  const table = existsSync(join(procDir, "self", "stat")) ? linuxTable(procDir) : psTable();
  let coming: Promise<readonly ProcessEntry[]> | undefined;
  const nextSnapshot = () =>
    (coming ??= nextTurn().then(() => {
      coming = undefined;
      return table.snapshot();
    }));
  return { ...table, nextSnapshot };
}

type BareTable = Omit<ProcessTable, "nextSnapshot">;

function linuxTable(procDir: string): BareTable {
  return {
    complete: true,
    snapshot: () =>
      readdirSync(procDir)
        .filter((name) => /^\d+$/.test(name))
        .flatMap((name) => readEntry(join(procDir, name), Number(name)) ?? []),
    startTime: (pid) => readStat(join(procDir, String(pid)))?.startTime,
  };
}

/** macOS and others: one process at a time, asked of `ps`. */
function psTable(): BareTable {
  return {
    complete: false,
    snapshot: () => [],
    startTime(pid) {
      try {
        const env = { PATH: "/usr/bin:/bin", LC_ALL: "C" };
        const line = execFileSync("ps", ["-o", "stat=,lstart=", "-p", String(pid)], {
          encoding: "utf8",
          env,
          stdio: ["ignore", "pipe", "ignore"],
        });
        const [, state, start] = /^\s*(\S+)\s+(.*\S)\s*$/.exec(line) ?? [];
        return state === undefined || state.startsWith("Z") ? undefined : start;
      } catch (error) {
        // It exits with 1 when there is no such process; only a `ps` that cannot run at all has a code.
        if (errorCode(error) === undefined) return undefined;
        throw error;
      }
    },
  };
}

function readEntry(dir: string, pid: number): ProcessEntry | undefined {
  const stat = readStat(dir);
  if (stat === undefined || pid === kernelThreads || stat.parent === kernelThreads) return undefined;
  return { pid, ...stat, uids: readUids(dir), marker: parseMarker(readOf(join(dir, "environ"))) };
}

const kernelThreads = 2;

function readStat(dir: string): Pick<ProcessEntry, "parent" | "session" | "startTime"> | undefined {
  const text = readOf(join(dir, "stat"));
  // The second field is the program's name in brackets and may itself hold spaces and brackets.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const [state, parent, , session] = fields;
  const startTime = fields[22 - 3];
  if (state === undefined || startTime === undefined || "ZXx".includes(state)) return undefined;
  return { parent: Number(parent), session: Number(session), startTime };
}

function readUids(dir: string): readonly number[] {
  const line = /^Uid:\s*(.*)$/m.exec(readOf(join(dir, "status")))?.[1];
  return line === undefined ? ownerOf(dir) : line.split(/\s+/).map(Number);
}

function ownerOf(dir: string): readonly number[] {
  const uid = statSync(dir, { throwIfNoEntry: false })?.uid;
  return uid === undefined ? [] : [uid];
}

/** Empty when it cannot be read: what one process does to its own must not hide all the others. */
function readOf(path: string): string {
  try {
    return readProcFile(path).toString("utf8");
  } catch (error) {
    if (outOfDescriptors.has(errorCode(error) ?? "")) throw error;
    return "";
  }
}

/** That is about us, not about one process: it would look as if there were none. */
const outOfDescriptors = new Set(["EMFILE", "ENFILE"]);
