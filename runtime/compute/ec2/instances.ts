/** Instances that carry our tags, as EC2 describes them. It may be seconds behind what was made. */
import { DescribeInstancesCommand, type Filter, type Instance } from "@aws-sdk/client-ec2";
import { machineOwner, machineTags, runnerTagOf } from "../../core/aws-identity";
import type { Host } from "./host";
import { tried } from "./tries";

export type Tags = Readonly<Record<string, string>>;

export interface FoundInstance {
  readonly id: string;
  /** `pending`, `running`, `stopping`, `stopped`, `shutting-down`, `terminated`. */
  readonly state: string;
  readonly tags: Tags;
}

const pageSize = 1_000;

/** All pages. `more` narrows it down. */
export async function findInstances(host: Host, more: readonly Filter[]): Promise<readonly FoundInstance[]> {
  const filters = [ofTag(machineTags.fleet, host.facts.fleet), ofTag(machineTags.owner, machineOwner), ...more];
  const found: FoundInstance[] = [];
  let next: string | undefined;
  do {
    const command = new DescribeInstancesCommand({ Filters: filters, MaxResults: pageSize, NextToken: next });
    const page = await tried((within) => host.ec2.send(command, within), host);
    found.push(...(page.Reservations ?? []).flatMap(({ Instances }) => (Instances ?? []).flatMap(foundInstance)));
    next = page.NextToken === "" ? undefined : page.NextToken;
  } while (next !== undefined);
  return found;
}

export function ofTag(name: string, value: string): Filter {
  return { Name: `tag:${name}`, Values: [value] };
}

/** Whose machine it is; `undefined`: nobody has said yet. */
export function runnerOf({ id, tags }: Pick<FoundInstance, "id" | "tags">): string | undefined {
  return tags[machineTags.runner] ?? tags[runnerTagOf(id)];
}

function foundInstance({ InstanceId: id, State, Tags = [] }: Instance): FoundInstance[] {
  if (id === undefined) return [];
  const tags = Object.fromEntries(Tags.map(({ Key = "", Value = "" }) => [Key, Value]));
  return [{ id, state: State?.Name ?? "pending", tags }];
}
