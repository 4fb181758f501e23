/** Ends every process of a machine, whatever it does against it. */
import { setTimeout as sleep } from "node:timers/promises";
import { OnejobError } from "../../core/errors";
import { killGroup } from "./cgroup";
import { runAs } from "../../machine/sweep";
import { type Host, belongingOf } from "./host";
import type { JobUser } from "./job-user";
import type { MachineRecord } from "./machine-record";
import { processesOf } from "./marked-processes";
import { errorCode } from "../../core/error-facts";

/** An error is to be read. */
const mostNamed = 10;

/** About ten seconds; who lives on then hangs in the kernel, or is another user's. */
const mostRounds = 120;

export async function killAll(host: Host, machine: string, record: MachineRecord | undefined): Promise<void> {
  if (record?.cgroup) await killGroup(record.cgroup);
  const belonging = belongingOf(host, machine, record);
  const find = async () => processesOf(await host.table.nextSnapshot(), belonging);
  // Twice none: a process may be born behind the place where the list is being read.
  let none = 0;
  for (let round = 0; round < mostRounds; round++) {
    const found = await find();
    none = found.length === 0 ? none + 1 : 0;
    if (none === 2 || !host.table.complete) return;
    for (const entry of found) signal(entry.pid, "SIGKILL");
    // Whatever the list says: a job that changes process all the time is on none. After the agent, which could start more.
    if (round === 0 && host.asRoot && record?.user) await killUser(record.user);
    if (found.length > 0) await sleep(Math.min(100, 5 * (round + 1)));
  }
  const left = (await find()).map((entry) => entry.pid).slice(0, mostNamed);
  throw new OnejobError(
    "internal",
    `processes of machine ${machine} do not die (pids ${left.join(", ")}); it is tried again by itself, or end them by hand`,
  );
}

/**
 * As that user, "kill all I may": one call of the kernel, which a job that forks all the time cannot slip through as
 * it can through a list. Without a shell, the rounds by list have to do.
 */
async function killUser(user: JobUser): Promise<void> {
  await runAs(["/bin/sh", "-c", "kill -9 -1"], "/", user);
}

/** `EPERM`: the job became another user; the rounds above will say that it is left. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (!["ESRCH", "EPERM"].includes(errorCode(error) ?? "")) throw error;
  }
}
