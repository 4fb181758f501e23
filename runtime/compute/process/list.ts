/** Every machine that is ours: each folder, and each marked agent even if its folder is gone. */
import type { Machine } from "../../core/ports";
import { type Host, agentsIn } from "./host";
import { isMachineName } from "../../core/machine-name";
import { type MachineRecord, readAllRecords } from "./machine-record";
import type { ProcessEntry } from "./process-table";
import type { Marker } from "../../core/marker";

type Agent = ProcessEntry & { readonly marker: Marker };

export async function listMachines(host: Host): Promise<readonly Machine[]> {
  const agents = agentsIn(host, await host.table.nextSnapshot()).filter((agent) => isMachineName(agent.marker.runner));
  // Folders after processes: a machine made in between shows as one not yet alive, never as one without a folder.
  const folders = await readAllRecords(host.runnersDir);
  const known = folders.map(({ machine, record }) => {
    const own = agents.filter((agent) => agent.marker.runner === machine);
    const kept = typeof record === "object" ? record : undefined;
    const launch = kept?.launch ?? own[0]?.marker.launch ?? null;
    return { machine, runner: machine, launch, alive: isAlive(host, own, kept) };
  });
  const names = new Set(known.map(({ machine }) => machine));
  const stray = new Map(agents.map(({ marker }) => [marker.runner, marker.launch]));
  return [
    ...known,
    ...[...stray]
      .filter(([machine]) => !names.has(machine))
      .map(([machine, launch]) => ({ machine, runner: machine, launch, alive: true })),
  ];
}

function isAlive(host: Host, agents: readonly Agent[], record: MachineRecord | undefined): boolean {
  const agent = record?.agent ?? undefined;
  if (!host.table.complete) return agent !== undefined && host.table.startTime(agent.pid) === agent.startTime;
  if (agent === undefined) return agents.length > 0;
  return agents.some((found) => found.pid === agent.pid && found.startTime === agent.startTime);
}
