/**
 * All processes of the job, also those that left its process group or its parents: found by the marker in their
 * environment, by their process group or session, and by uid where the job has one of its own.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { AgentBoot } from "../core/agent-protocol";
import { listProcesses, readEnvironment } from "./proc";
import type { ProcessEntry } from "./proc";

export class JobProcesses {
  private readonly marker: Buffer;
  private readonly uid: number | undefined;
  private leader: number | undefined;

  constructor(boot: Pick<AgentBoot, "marker" | "user">) {
    this.marker = Buffer.from(`\0ONEJOB_RUNNER=${boot.marker["ONEJOB_RUNNER"]}\0`);
    this.uid = boot.user?.uid;
  }

  /** The command's process, which leads a group and a session of its own. */
  adopt(leader: number): void {
    this.leader = leader;
  }

  /** Asks the command and its group to end. */
  terminate(): void {
    if (this.leader !== undefined) signal(-this.leader, "SIGTERM");
  }

  /** Kills whatever is there at this moment, without waiting. Answers how many were found. */
  killNow(): number {
    const grouped = this.leader !== undefined && signal(-this.leader, "SIGKILL");
    const all = listProcesses();
    const found = this.findIn(all);
    for (const pid of found) signal(pid, "SIGKILL");
    // A group also counts its dead that nobody reaps, so it is asked only where there is no table to read.
    return all.length === 0 && grouped ? 1 : found.length;
  }

  /** Kills until none is left; `false`: some did not go within the limit. */
  async killAll(limitMs: number): Promise<boolean> {
    const limit = AbortSignal.timeout(limitMs);
    // Twice none: a process may be born behind the place where the table is being read.
    for (let pauseMs = 1; this.killNow() + this.killNow() > 0; pauseMs = Math.min(pauseMs * 2, 50)) {
      if (limit.aborted) return false;
      await sleep(pauseMs);
    }
    return true;
  }

  private findIn(all: readonly ProcessEntry[]): readonly number[] {
    const ours = ancestors(all, process.pid);
    const others = all.filter(({ pid }) => !ours.has(pid));
    const found = new Set(others.filter((entry) => this.owns(entry)).map(({ pid }) => pid));
    // Programs that write their title over their environment are found by what they hang on.
    for (let before = -1; before !== found.size;) {
      before = found.size;
      for (const { pid, parent, session } of others) if (found.has(parent) || found.has(session)) found.add(pid);
    }
    return [...found];
  }

  private owns(entry: ProcessEntry): boolean {
    if (this.leader !== undefined && (entry.group === this.leader || entry.session === this.leader)) return true;
    if (this.uid !== undefined && entry.uid === this.uid) return true;
    const environment = readEnvironment(entry.pid);
    return environment.includes(this.marker) && environment.includes("\0ONEJOB_ROLE=job\0");
  }
}

/** The agent and whoever started it; never the job's, whatever environment they carry. */
function ancestors(all: readonly ProcessEntry[], from: number): ReadonlySet<number> {
  const parents = new Map(all.map(({ pid, parent }) => [pid, parent]));
  const found = new Set<number>();
  for (let pid: number | undefined = from; pid !== undefined && !found.has(pid); pid = parents.get(pid)) found.add(pid);
  return found;
}

/** Answers whether there was anything to signal. */
function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, name);
  } catch {
    return false;
  }
}
