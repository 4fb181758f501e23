/** What is left of a fleet: by its tag at EC2, in its ledger and queue, and at its forge. */
import {
  DescribeInstancesCommand,
  DescribeNetworkInterfacesCommand,
  DescribeVolumesCommand,
  type EC2Client,
} from "@aws-sdk/client-ec2";
import type { FakeGitHub } from "../../fakes/github";
import type { FleetWorld } from "../fleet-world";
import { depthOf } from "./event-source";

export interface Left {
  readonly machines: readonly string[];
  readonly volumes: readonly string[];
  readonly interfaces: readonly string[];
  readonly runners: readonly string[];
  readonly launches: readonly string[];
  readonly messages: number;
  /** Registered at the forge. */
  readonly registered: readonly string[];
}

export const nothing: Left = {
  ...{ machines: [], volumes: [], interfaces: [], runners: [], launches: [], messages: 0, registered: [] },
};

export interface Scene {
  readonly ec2: EC2Client;
  readonly world: FleetWorld;
  readonly github: FakeGitHub;
}

export async function leftOf({ ec2, world, github }: Scene): Promise<Left> {
  const Filters = [{ Name: "tag:onejob:fleet", Values: [world.facts.fleet] }];
  const [{ Reservations = [] }, { Volumes: tagged = [] }, { NetworkInterfaces = [] }, profile, messages] =
    await Promise.all([
      ec2.send(new DescribeInstancesCommand({ Filters })),
      ec2.send(new DescribeVolumesCommand({ Filters })),
      ec2.send(new DescribeNetworkInterfacesCommand({ Filters })),
      world.ledger.readProfile("small"),
      depthOf(world.sqs, world.facts.queueUrl),
    ]);
  const instances = Reservations.flatMap(({ Instances = [] }) => Instances);
  const ids = instances.flatMap(({ InstanceId }) => InstanceId ?? []);
  return {
    machines: instances
      .filter(({ State }) => State?.Name !== "terminated")
      .flatMap(({ InstanceId }) => InstanceId ?? []),
    volumes: [...tagged, ...(await attachedTo(ids, ec2))].flatMap(({ VolumeId }) => VolumeId ?? []),
    interfaces: NetworkInterfaces.flatMap(({ NetworkInterfaceId }) => NetworkInterfaceId ?? []),
    runners: profile.runners.map(({ id }) => id),
    launches: profile.planner.launches.map(({ id }) => id),
    messages,
    registered: github.runners.map(({ name }) => name),
  };
}

async function attachedTo(ids: readonly string[], ec2: EC2Client) {
  if (ids.length === 0) return [];
  const Filters = [{ Name: "attachment.instance-id", Values: [...ids] }];
  return (await ec2.send(new DescribeVolumesCommand({ Filters }))).Volumes ?? [];
}
