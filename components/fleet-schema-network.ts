/** Of the arguments of a fleet: where machines stand, and what is made for functions that stand there too. */
import type { GroupNode, ListNode } from "../runtime/core/settings-node";
import { later, yesOrNo } from "./fleet-schema-marks";
import { privateServices } from "./private-services";

export const network: GroupNode = {
  type: "object",
  title: "network",
  description: "Where machines stand: a network made for them, or your own.",
  additionalProperties: false,
  properties: {
    cidrBlock: {
      type: "string",
      title: "addresses",
      description: "Addresses of the network to be made.",
      pattern: "^([0-9]{1,3}\\.){3}[0-9]{1,3}/(1[6-9]|2[0-4])$",
      rule: "IPv4 addresses with /16 to /24, like `10.0.0.0/16`",
      default: "10.0.0.0/16",
    },
    availabilityZones: {
      type: "integer",
      title: "availability zones",
      description: "Over how many the network to be made is spread.",
      unit: "zones",
      default: 2,
      minimum: 1,
      maximum: 6,
    },
    vpcId: later({
      type: "string",
      title: "VPC",
      description: "Your own VPC.",
      pattern: "^vpc-[0-9a-f]{8,17}$",
      rule: "id of a VPC, like `vpc-0123456789abcdef0`",
      examples: ["vpc-0123456789abcdef0"],
    }),
    subnetIds: later<ListNode>({
      type: "array",
      title: "subnets",
      description: "Subnets of your own VPC.",
      minItems: 1,
      maxItems: 50,
      items: later({
        type: "string",
        title: "subnet",
        description: "One subnet.",
        pattern: "^subnet-[0-9a-f]{8,17}$",
        rule: "id of a subnet, like `subnet-0123456789abcdef0`",
        examples: ["subnet-0123456789abcdef0"],
      }),
    }),
    assignPublicIp: yesOrNo({ title: "public address", description: "Whether machines get one." }),
    routeTableIds: later<ListNode>({
      type: "array",
      title: "route tables",
      description: "Of your subnets; they get gateways to DynamoDB and S3.",
      minItems: 1,
      maxItems: 50,
      items: later({
        type: "string",
        title: "route table",
        description: "One route table.",
        pattern: "^rtb-[0-9a-f]{8,17}$",
        rule: "id of a route table, like `rtb-0123456789abcdef0`",
        examples: ["rtb-0123456789abcdef0"],
      }),
    }),
    endpoints: {
      type: "array",
      title: "endpoints",
      description: "Services that get an interface endpoint.",
      maxItems: privateServices.length,
      items: { type: "string", enum: privateServices, title: "service", description: "One service." },
    },
  },
};
