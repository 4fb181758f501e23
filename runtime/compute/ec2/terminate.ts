/**
 * Ends instances. Done when EC2 says `shutting-down`: from then on they cost nothing, nothing on them runs for long, and
 * their volumes go with them. Ids come from our own calls and listings only; the functions' role holds it to our tags.
 */
import { TerminateInstancesCommand } from "@aws-sdk/client-ec2";
import { allOf } from "../../core/settled";
import { hasCode } from "./failures";
import type { Host } from "./host";
import { tried } from "./tries";

const mostAtOnce = 500;

export async function terminateMachines(host: Host, machines: readonly string[]): Promise<void> {
  const ids = [...new Set(machines.filter(isInstanceId))];
  const groups = Array.from({ length: Math.ceil(ids.length / mostAtOnce) }, (_, index) =>
    ids.slice(index * mostAtOnce, (index + 1) * mostAtOnce),
  );
  allOf(await Promise.allSettled(groups.map((group) => end(host, group))), "the end");
}

/** Anything else was never ours. */
export function isInstanceId(machine: string): boolean {
  return /^i-[0-9a-f]{8,17}$/.test(machine);
}

async function end(host: Host, ids: readonly string[]): Promise<void> {
  try {
    await terminate(host, ids);
  } catch (error) {
    // One that is gone, or in a zone with trouble, fails the call for all.
    if (ids.length > 1) allOf(await Promise.allSettled(ids.map((id) => endOne(host, id))), "the end");
    else if (!isGone(error)) throw error;
  }
}

async function endOne(host: Host, id: string): Promise<void> {
  await terminate(host, [id]).catch((error: unknown) => {
    if (!isGone(error)) throw error;
  });
}

/** Not there may also mean not there yet: once more, then it counts. */
async function terminate(host: Host, ids: readonly string[]): Promise<void> {
  const command = new TerminateInstancesCommand({ InstanceIds: [...ids] });
  await tried(() => host.ec2.send(command), host, { passing: (error) => ids.length === 1 && isGone(error) });
}

function isGone(error: unknown): boolean {
  return hasCode(error, "InvalidInstanceID.NotFound");
}
