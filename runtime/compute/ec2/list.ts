/** Every instance that carries the fleet's tags and is not going or gone. */
import { machineTags } from "../../core/aws-identity";
import type { Machine } from "../../core/ports";
import type { Host } from "./host";
import { findInstances, runnerOf } from "./instances";

/** Whoever is shutting down has been ended already; nothing of it is left to be removed. */
const there = ["pending", "running", "stopping", "stopped"];
/** A one-time machine never starts again. */
const living = ["pending", "running"];

export async function listMachines(host: Host): Promise<readonly Machine[]> {
  const found = await findInstances(host, [{ Name: "instance-state-name", Values: there }]);
  return found.map((instance) => ({
    machine: instance.id,
    launch: instance.tags[machineTags.launch] ?? null,
    // "": whoever launched it died before it could say; the launch is repeated, or given up with its machines.
    runner: runnerOf(instance) ?? "",
    alive: living.includes(instance.state),
  }));
}
