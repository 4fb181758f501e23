/** Which processes belong to a machine. Pure: from one list of processes. */
import type { Marker } from "../../core/marker";
import type { ProcessEntry } from "./process-table";

export interface Belonging {
  readonly machine: string;
  readonly home: string;
  /** The job's own uid; nobody else's process has it. */
  readonly uid: number | null;
}

/**
 * Processes with the machine's marker or its uid, and whatever hangs on them: children, and members of sessions they
 * lead. Programs that write their title over their environment (nginx, PostgreSQL) are found by these ties alone.
 */
export function processesOf(entries: readonly ProcessEntry[], whose: Belonging): readonly ProcessEntry[] {
  const living = new Set(entries.map((entry) => entry.pid));
  const found = new Set(entries.filter((entry) => isOwn(entry, whose)));
  const pids = new Set([...found].map((entry) => entry.pid));
  // A session can only be left, never joined: when its leader is dead, one member of ours proves them all.
  const orphaned = new Set(
    [...found].map((entry) => entry.session).filter((session) => session > 0 && !living.has(session)),
  );
  let before = -1;
  while (before !== found.size) {
    before = found.size;
    for (const entry of entries) {
      if (!pids.has(entry.parent) && !pids.has(entry.session) && !orphaned.has(entry.session)) continue;
      found.add(entry);
      pids.add(entry.pid);
    }
  }
  return [...found].filter((entry) => entry.pid !== process.pid && entry.pid > 1);
}

export function isAgentOf(marker: Marker | undefined, whose: Pick<Belonging, "home">): marker is Marker {
  return marker !== undefined && marker.role === "agent" && marker.home === whose.home;
}

function isOwn(entry: ProcessEntry, whose: Belonging): boolean {
  if (whose.uid !== null && entry.uids.includes(whose.uid)) return true;
  return entry.marker !== undefined && entry.marker.home === whose.home && entry.marker.runner === whose.machine;
}
