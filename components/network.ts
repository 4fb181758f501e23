/**
 * Where machines stand. By default a network of their own: public subnets without anything inbound, and no NAT
 * gateway, which would cost 33 USD a month while nothing runs. Or yours.
 */
import * as aws from "@pulumi/aws";
import * as awsx from "@pulumi/awsx";
import * as pulumi from "@pulumi/pulumi";
import type { NetworkArgs } from "./fleet-args";
import type { Place } from "./place";
import type { Tags } from "./tags";

export interface FleetNetworkArgs {
  readonly fleet: string;
  readonly network: NetworkArgs;
  readonly place: Place;
  readonly tags: Tags;
}

const defaults = { cidrBlock: "10.0.0.0/16", availabilityZones: 2 } as const;

interface Ground {
  readonly vpcId: pulumi.Output<string>;
  readonly subnetIds: pulumi.Output<string[]>;
}

export class Network extends pulumi.ComponentResource {
  readonly vpcId: pulumi.Output<string>;
  readonly subnetIds: pulumi.Output<string[]>;
  /** Everything out, nothing in. */
  readonly securityGroupId: pulumi.Output<string>;

  constructor(name: string, args: FleetNetworkArgs, opts?: pulumi.ComponentResourceOptions) {
    super("onejob:index:Network", name, {}, opts);
    const { vpcId, subnetIds } = ownGround(args.network) ?? createGround(name, args, this);
    this.vpcId = vpcId;
    this.subnetIds = subnetIds;
    this.securityGroupId = createSecurityGroup(name, { ...args, vpcId }, this).id;
    this.registerOutputs({ vpcId, subnetIds, securityGroupId: this.securityGroupId });
  }
}

function ownGround({ vpcId, subnetIds }: NetworkArgs): Ground | undefined {
  if (vpcId === undefined || subnetIds === undefined) return undefined;
  // Twice: the list may be known later, and so may each of its entries.
  return { vpcId: pulumi.output(vpcId), subnetIds: pulumi.output(subnetIds).apply((ids) => pulumi.all(ids)) };
}

function createGround(name: string, { network, place, tags }: FleetNetworkArgs, parent: Network): Ground {
  const vpc = new awsx.ec2.Vpc(
    name,
    {
      cidrBlock: network.cidrBlock ?? defaults.cidrBlock,
      numberOfAvailabilityZones: network.availabilityZones ?? defaults.availabilityZones,
      natGateways: { strategy: awsx.ec2.NatGatewayStrategy.None },
      subnetStrategy: awsx.ec2.SubnetAllocationStrategy.Auto,
      subnetSpecs: [{ type: awsx.ec2.SubnetType.Public }],
      enableDnsHostnames: true,
      tags,
    },
    { parent },
  );
  const routeTableIds = vpc.routeTables.apply((tables) => pulumi.all(tables.map(({ id }) => id)));
  createGateways(name, { vpcId: vpc.vpcId, routeTableIds, place, tags }, parent);
  return { vpcId: vpc.vpcId, subnetIds: vpc.publicSubnetIds };
}

export interface GatewayParts extends Pick<FleetNetworkArgs, "place" | "tags"> {
  readonly vpcId: pulumi.Input<string>;
  readonly routeTableIds: pulumi.Input<pulumi.Input<string>[]>;
}

/** Free, and what is read most does not go over the internet. */
export function createGateways(name: string, parts: GatewayParts, parent: pulumi.Resource): void {
  const { vpcId, routeTableIds, place, tags } = parts;
  for (const service of ["s3", "dynamodb"]) {
    const serviceName = pulumi.interpolate`com.amazonaws.${place.region}.${service}`;
    new aws.ec2.VpcEndpoint(
      `${name}-${service}`,
      { vpcId, vpcEndpointType: "Gateway", serviceName, routeTableIds, tags },
      { parent },
    );
  }
}

function createSecurityGroup(
  name: string,
  { fleet, tags, vpcId }: FleetNetworkArgs & Pick<Ground, "vpcId">,
  parent: Network,
): aws.ec2.SecurityGroup {
  return new aws.ec2.SecurityGroup(
    name,
    {
      vpcId,
      description: `onejob ${fleet}: machines; everything out, nothing in`,
      ingress: [],
      egress: [{ protocol: "-1", fromPort: 0, toPort: 0, cidrBlocks: ["0.0.0.0/0"], ipv6CidrBlocks: ["::/0"] }],
      tags,
    },
    { parent },
  );
}
