/**
 * Shared memory, semaphores and message queues (System V) outlive all processes of a user. They are removed with that
 * user's rights: a number read a moment ago may be another's by now. https://man7.org/linux/man-pages/man7/sysvipc.7.html
 */
import { readProcFile } from "../../machine/proc-file";
import { runAs } from "../../machine/sweep";
import type { JobUser } from "./job-user";

const kinds = [
  { file: "/proc/sysvipc/shm", id: "shmid", option: "-m" },
  { file: "/proc/sysvipc/sem", id: "semid", option: "-s" },
  { file: "/proc/sysvipc/msg", id: "msqid", option: "-q" },
] as const;

/** As many as the kernel allows of one kind, unless somebody raised that. */
const largestTable = 8 * 1024 * 1024;
const mostRounds = 64;
const perRound = 512;

/** As far as `ipcrm` is there to do it. */
export async function removeIpc(user: JobUser): Promise<void> {
  for (const { file, id, option } of kinds) {
    let before = Infinity;
    for (let round = 0; round < mostRounds; round++) {
      const ids = ownIds(tableOf(file), id, user.uid);
      if (ids.length === 0 || ids.length >= before) break;
      before = ids.length;
      await runAs(["ipcrm", ...ids.slice(0, perRound).flatMap((one) => [option, one])], "/", user);
    }
  }
}

/** Columns by name: each kind has others between. */
export function ownIds(table: string, idColumn: string, uid: number): readonly string[] {
  const [head = [], ...rows] = table.split("\n").map((line) => line.trim().split(/\s+/));
  const at = (row: readonly string[], column: string) => row[head.indexOf(column)];
  return rows
    .filter((row) => [at(row, "uid"), at(row, "cuid")].includes(String(uid)))
    .flatMap((row) => at(row, idColumn) ?? []);
}

function tableOf(file: string): string {
  try {
    return readProcFile(file, largestTable).toString("latin1");
  } catch {
    return "";
  }
}
