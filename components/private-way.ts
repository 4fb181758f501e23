/**
 * How functions reach a forge that only your VPC leads to (`ingress: private-api`): those that call it stand in its
 * subnets, and reach AWS from there by endpoints, as a function in a VPC has no internet of its own.
 * @see https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc-internet.html
 */
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { NetworkArgs, RunnerFleetArgs } from "./fleet-args";
import { servicesOfWay } from "./fleet-choices";
import { createGateways } from "./network";
import type { Network } from "./network";
import type { Place } from "./place";
import type { PrivateService } from "./private-services";
import type { Tags } from "./tags";

export interface PrivateWayArgs {
  readonly fleet: string;
  readonly vpcId: pulumi.Output<string>;
  readonly subnetIds: pulumi.Output<string[]>;
  /** Get gateways to DynamoDB and S3; without, they have to have them. */
  readonly routeTableIds: NetworkArgs["routeTableIds"];
  /** Of these an interface endpoint is made; the others have to be reachable. */
  readonly services: readonly PrivateService[];
  readonly place: Place;
  readonly tags: Tags;
}

const https = 443;

/** *Cost.* Each service bills by the hour in each subnet; gateways are free. */
export class PrivateWay extends pulumi.ComponentResource {
  readonly subnetIds: pulumi.Output<string[]>;
  /** Of the functions: everything out, nothing in. */
  readonly securityGroupId: pulumi.Output<string>;

  constructor(name: string, args: PrivateWayArgs, opts?: pulumi.ComponentResourceOptions) {
    super("onejob:index:PrivateWay", name, {}, opts);
    const { fleet, vpcId, services, routeTableIds, tags } = args;
    this.subnetIds = args.subnetIds;
    this.securityGroupId = new aws.ec2.SecurityGroup(
      `${name}-functions`,
      {
        vpcId,
        description: `onejob ${fleet}: functions; everything out, nothing in`,
        ingress: [],
        egress: [{ protocol: "-1", fromPort: 0, toPort: 0, cidrBlocks: ["0.0.0.0/0"], ipv6CidrBlocks: ["::/0"] }],
        tags,
      },
      { parent: this },
    ).id;
    if (services.length > 0) createEndpoints(name, args, this);
    if (routeTableIds !== undefined) createGateways(name, { ...args, routeTableIds }, this);
    this.registerOutputs({ securityGroupId: this.securityGroupId });
  }
}

interface WayParts extends Pick<PrivateWayArgs, "fleet" | "place" | "tags"> {
  readonly args: RunnerFleetArgs;
  readonly network: Network;
  readonly parent: pulumi.Resource;
}

/** `undefined`: the forge is reached over the internet, which functions in a VPC would have to be given first. */
export function createPrivateWay(name: string, parts: WayParts): PrivateWay | undefined {
  const { args, network, fleet, place, tags, parent } = parts;
  if (args.ingress?.kind !== "private-api") return undefined;
  const { vpcId, subnetIds } = network;
  const routeTableIds = args.network?.routeTableIds;
  const services = servicesOfWay(args);
  return new PrivateWay(name, { fleet, place, tags, vpcId, subnetIds, routeTableIds, services }, { parent });
}

function createEndpoints(name: string, args: PrivateWayArgs, parent: PrivateWay): void {
  const { vpcId, subnetIds, services, place, tags } = args;
  const securityGroupIds = [createDoor(name, args, parent).id];
  for (const service of services) {
    new aws.ec2.VpcEndpoint(
      `${name}-${service}`,
      {
        ...{ vpcId, subnetIds, securityGroupIds, tags },
        vpcEndpointType: "Interface",
        serviceName: pulumi.interpolate`com.amazonaws.${place.region}.${service}`,
        // The SDK asks for the service's usual name.
        privateDnsEnabled: true,
      },
      { parent },
    );
  }
}

/** For all of the VPC, and not for our functions alone: the service's usual name leads everybody in it here from now on. */
function createDoor(name: string, { fleet, vpcId, tags }: PrivateWayArgs, parent: PrivateWay): aws.ec2.SecurityGroup {
  const { cidrBlockAssociations } = aws.ec2.getVpcOutput({ id: vpcId }, { parent });
  const cidrBlocks = cidrBlockAssociations.apply((blocks) => blocks.map(({ cidrBlock }) => cidrBlock));
  return new aws.ec2.SecurityGroup(
    `${name}-endpoints`,
    {
      vpcId,
      description: `onejob ${fleet}: https to AWS from inside the VPC`,
      ingress: [{ protocol: "tcp", fromPort: https, toPort: https, cidrBlocks }],
      egress: [],
      tags,
    },
    { parent },
  );
}
