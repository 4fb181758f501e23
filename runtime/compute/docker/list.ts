/** Every machine that is ours: each container with our mark, running or not, on every engine we know of. */
import { errorText } from "../../core/error-facts";
import { OnejobError } from "../../core/errors";
import type { Machine } from "../../core/ports";
import type { KnownEngine } from "./engines";
import type { Host } from "./host";
import { machineFilter, machineMark } from "./labels";

/** Throws when an engine that a profile names cannot be asked: what runs there must not look gone. */
export async function listMachines(host: Host): Promise<readonly Machine[]> {
  const known = await host.engines.all();
  const listed = await Promise.all(known.map((one) => machinesOn(one, host)));
  return listed.flat();
}

async function machinesOn({ engine, isConfigured }: KnownEngine, host: Host): Promise<readonly Machine[]> {
  const found = await engine.containers(machineFilter(host.home)).catch((error: unknown) => {
    if (isConfigured) throw new OnejobError("internal", `machines not listed: ${errorText(error)}`, { cause: error });
    host.log.warn("an engine that was used before cannot be asked", { socket: engine.socket, error: errorText(error) });
    return undefined;
  });
  const machines = (found ?? []).flatMap(({ id, labels, running }) => {
    const mark = machineMark(labels, host.home);
    if (mark === undefined) return [];
    if (running) host.watch.begin(engine, { id, machine: mark.runner });
    const launch = mark.launch === "" ? null : mark.launch;
    return [{ machine: mark.runner, runner: mark.runner, launch, alive: running }];
  });
  if (!isConfigured && found !== undefined && machines.length === 0) await host.engines.forget(engine);
  return machines;
}
