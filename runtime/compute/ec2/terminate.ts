/**
 * Ends instances. Done when EC2 says `shutting-down`: from then on they cost nothing, nothing on them runs for long, and
 * their volumes go with them. Ids come from our own calls and listings only; the functions' role holds it to our tags.
 */
import { TerminateInstancesCommand } from "@aws-sdk/client-ec2";
import { errorText } from "../../core/error-facts";
import { allOf } from "../../core/settled";
import { apiError, hasCode } from "./failures";
import type { Host } from "./host";
import { isInstanceId } from "./instance-id";
import { tried } from "./tries";

const mostAtOnce = 500;

export async function terminateMachines(host: Host, machines: readonly string[]): Promise<void> {
  const ids = [...new Set(machines.filter(isInstanceId))];
  const groups = Array.from({ length: Math.ceil(ids.length / mostAtOnce) }, (_, index) =>
    ids.slice(index * mostAtOnce, (index + 1) * mostAtOnce),
  );
  allOf(await Promise.allSettled(groups.map((group) => end(host, group))), "the end");
}

/** One that is gone, or protected, fails the call for all. What fails for another reason would fail for each, too. */
async function end(host: Host, ids: readonly string[]): Promise<void> {
  if (ids.length === 1) return endEach(host, ids);
  try {
    await terminate(host, ids);
  } catch (error) {
    const text = errorText(error);
    const named = ids.filter((id) => text.includes(id));
    if (named.length === 0 && !apiError(error).code.startsWith("InvalidInstanceID")) throw error;
    const others = named.length === 0 ? [] : ids.filter((id) => !named.includes(id));
    const alone = ids.filter((id) => !others.includes(id));
    const parts = [endEach(host, alone), ...(others.length === 0 ? [] : [end(host, others)])];
    allOf(await Promise.allSettled(parts), "the end");
  }
}

async function endEach(host: Host, ids: readonly string[]): Promise<void> {
  allOf(await Promise.allSettled(ids.map((id) => endOne(host, id))), "the end");
}

async function endOne(host: Host, id: string): Promise<void> {
  await terminate(host, [id]).catch((error: unknown) => {
    if (!isGone(error)) throw error;
  });
}

/** Not there may also mean not there yet: once more, then it counts. */
async function terminate(host: Host, ids: readonly string[]): Promise<void> {
  const command = new TerminateInstancesCommand({ InstanceIds: [...ids] });
  await tried((within) => host.ec2.send(command, within), host, {
    passing: (error) => ids.length === 1 && isGone(error),
  });
}

function isGone(error: unknown): boolean {
  return hasCode(error, "InvalidInstanceID.NotFound");
}
