/** What the steps of this compute share. */
import type { Log } from "../../core/ports";
import type { ControlGroups } from "./control-groups";
import type { MachineRecord } from "./machine-record";
import { type Belonging, isAgentOf } from "./marked-processes";
import type { ProcessEntry, ProcessTable } from "./process-table";

export interface Host {
  /** Resolved, so that markers compare as text. */
  readonly runnersDir: string;
  /** Where job folders are made when the server runs as root. */
  readonly jobsRoot: string;
  readonly asRoot: boolean;
  /** Where all servers of this machine note which uid is whose. */
  readonly claimsDir: string;
  /** Where people's accounts stand; no job gets the number of one. */
  readonly accounts: { readonly users: string; readonly groups: string };
  /** Lets one at a time take or give back a uid: what was read of the claims must still hold when one is changed. */
  readonly alone: <T>(action: () => Promise<T>) => Promise<T>;
  readonly table: ProcessTable;
  readonly groups: ControlGroups;
  readonly log: Log;
  /** How long an agent may take to leave by itself. */
  readonly graceMs: number;
}

export function belongingOf(host: Host, machine: string, record: MachineRecord | undefined): Belonging {
  return { machine, home: host.runnersDir, uid: host.asRoot ? (record?.user?.uid ?? null) : null };
}

/** Its living agent: the one in the record, or, before one was recorded, any that carries its marker. */
export function livingAgent(
  host: Host,
  belonging: Belonging,
  record: MachineRecord | undefined,
): { readonly pid: number } | undefined {
  const agent = record?.agent ?? undefined;
  if (agent !== undefined && host.table.startTime(agent.pid) !== agent.startTime) return undefined;
  if (!host.table.complete) return agent;
  return agentsIn(host, host.table.snapshot()).find(
    (entry) =>
      entry.marker.runner === belonging.machine &&
      (agent === undefined || (entry.pid === agent.pid && entry.startTime === agent.startTime)),
  );
}

export function agentsIn(host: Host, entries: readonly ProcessEntry[]) {
  return entries.flatMap((entry) =>
    isAgentOf(entry.marker, { home: host.runnersDir }) ? [{ ...entry, marker: entry.marker }] : [],
  );
}
