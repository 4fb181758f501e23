/**
 * What EC2 itself lists under a fleet's tag, whatever the fleet knows of it. A listing may be some seconds behind: one
 * that is empty proves nothing yet.
 */
import { machineTags, runnerTagOf } from "../../core/aws-identity";
import type { Env } from "./asking";
import { asking, clientOptions } from "./asking";
import {
  DescribeInstancesCommand,
  DescribeNetworkInterfacesCommand,
  DescribeVolumesCommand,
  EC2Client,
  TerminateInstancesCommand,
} from "./aws";

export interface LeftThing {
  readonly kind: "machine" | "volume" | "network interface";
  readonly id: string;
  /** EC2's word. */
  readonly state: string;
  /** RFC 3339; `null`: EC2 does not say. */
  readonly since: string | null;
  /** Its tags say for which runner it was made. */
  readonly runner: string | null;
  /** Made to bake an image: no runner's, and it ends by itself. */
  readonly bakes: boolean;
}

export interface Machines {
  /** All that costs something or is in the way of a destroy. */
  left(fleet: string): Promise<readonly LeftThing[]>;
  terminate(ids: readonly string[]): Promise<void>;
}

type TagList = readonly { readonly Key?: string | undefined; readonly Value?: string | undefined }[] | undefined;
interface Page<T> {
  readonly items: readonly T[];
  readonly next: string | undefined;
}

const pageSize = 500;
/** Nothing of it is left to be removed. */
const over = new Set(["terminated", "deleting", "deleted"]);

/** Throws as `Asked`. */
export function openMachines(env: Env): Machines {
  const ec2 = new EC2Client(clientOptions(env, "EC2"));
  const asked = asking(env);
  return {
    async left(fleet) {
      const lists = [instances(ec2, fleet), volumes(ec2, fleet), networkInterfaces(ec2, fleet)];
      const found = await asked(`what is left of ${fleet}`, () => Promise.all(lists));
      return found.flat().filter(({ state }) => !over.has(state));
    },
    async terminate(ids) {
      const command = new TerminateInstancesCommand({ InstanceIds: [...ids] });
      await asked(ids.join(", "), () => ec2.send(command));
    },
  };
}

function instances(ec2: EC2Client, fleet: string): Promise<readonly LeftThing[]> {
  return everyPage(fleet, async (input) => {
    const { Reservations = [], NextToken } = await ec2.send(new DescribeInstancesCommand(input));
    const items = Reservations.flatMap(({ Instances = [] }) => Instances).map((instance) => {
      const { InstanceId: id = "", State, LaunchTime, Tags } = instance;
      return thing("machine", { id, state: State?.Name ?? "pending", since: LaunchTime, tags: Tags });
    });
    return { items, next: NextToken };
  });
}

function volumes(ec2: EC2Client, fleet: string): Promise<readonly LeftThing[]> {
  return everyPage(fleet, async (input) => {
    const { Volumes = [], NextToken } = await ec2.send(new DescribeVolumesCommand(input));
    const items = Volumes.map(({ VolumeId: id = "", State = "in-use", CreateTime, Tags }) =>
      thing("volume", { id, state: State, since: CreateTime, tags: Tags }),
    );
    return { items, next: NextToken };
  });
}

/** Those that AWS keeps for itself, as for an endpoint or a function, belong to what Pulumi made and go with it. */
function networkInterfaces(ec2: EC2Client, fleet: string): Promise<readonly LeftThing[]> {
  return everyPage(fleet, async (input) => {
    const { NetworkInterfaces = [], NextToken } = await ec2.send(new DescribeNetworkInterfacesCommand(input));
    const items = NetworkInterfaces.filter(({ RequesterManaged }) => RequesterManaged !== true).map(
      ({ NetworkInterfaceId: id = "", Status = "in-use", TagSet }) =>
        thing("network interface", { id, state: Status, since: undefined, tags: TagSet }),
    );
    return { items, next: NextToken };
  });
}

interface Input {
  readonly Filters: { Name: string; Values: string[] }[];
  readonly MaxResults: number;
  readonly NextToken: string | undefined;
}

async function everyPage(
  fleet: string,
  read: (input: Input) => Promise<Page<LeftThing>>,
): Promise<readonly LeftThing[]> {
  const Filters = [{ Name: `tag:${machineTags.fleet}`, Values: [fleet] }];
  const found: LeftThing[] = [];
  let NextToken: string | undefined;
  do {
    const { items, next } = await read({ Filters, MaxResults: pageSize, NextToken });
    found.push(...items);
    NextToken = next === "" ? undefined : next;
  } while (NextToken !== undefined);
  return found;
}

interface Described {
  readonly id: string;
  readonly state: string;
  readonly since: Date | undefined;
  readonly tags: TagList;
}

function thing(kind: LeftThing["kind"], { id, state, since, tags = [] }: Described): LeftThing {
  const valueOf = (name: string): string | undefined => tags.find(({ Key }) => Key === name)?.Value;
  return {
    ...{ kind, id, state },
    since: since?.toISOString() ?? null,
    runner: valueOf(machineTags.runner) ?? valueOf(runnerTagOf(id)) ?? null,
    // Image Builder's own tag.
    bakes: valueOf("CreatedBy") === "EC2 Image Builder",
  };
}
