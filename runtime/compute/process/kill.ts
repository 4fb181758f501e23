/** Ends every process of a machine, whatever it does against it. */
import { setTimeout as sleep } from "node:timers/promises";
import { OnejobError } from "../../core/errors";
import { killGroup } from "./cgroup";
import { errnoOf } from "./errno";
import { type Host, belongingOf } from "./host";
import type { MachineRecord } from "./machine-record";
import { processesOf } from "./marked-processes";

/** About ten seconds; who lives on then hangs in the kernel, or is another user's. */
const mostRounds = 120;

export async function killAll(host: Host, machine: string, record: MachineRecord | undefined): Promise<void> {
  if (record?.cgroup) await killGroup(record.cgroup);
  if (!host.table.complete) return;
  const belonging = belongingOf(host, machine, record);
  // Twice none: a process may be born behind the place where the list is being read.
  let none = 0;
  for (let round = 0; round < mostRounds; round++) {
    const found = processesOf(host.table.snapshot(), belonging);
    none = found.length === 0 ? none + 1 : 0;
    if (none === 2) return;
    for (const entry of found) signal(entry.pid, "SIGKILL");
    if (found.length > 0) await sleep(Math.min(100, 5 * (round + 1)));
  }
  const left = processesOf(host.table.snapshot(), belonging).map((entry) => entry.pid);
  throw new OnejobError(
    "internal",
    `processes of machine ${machine} do not die (pids ${left.join(", ")}); it is tried again by itself, or end them by hand`,
  );
}

/** `EPERM`: the job became another user; the rounds above will say that it is left. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (!["ESRCH", "EPERM"].includes(errnoOf(error) ?? "")) throw error;
  }
}
