/** Machines in a VPC of one's own, from an image of one's own: its id stands in an SSM parameter that a pipeline keeps. */
import * as aws from "@pulumi/aws";
import { RunnerFleet } from "../../../components";

const vpc = new aws.ec2.Vpc("ours", { cidrBlock: "10.7.0.0/16", tags: { Name: "ours" } });
const subnets = ["a", "b"].map(
  (zone, index) =>
    new aws.ec2.Subnet(`ours-${zone}`, {
      vpcId: vpc.id,
      cidrBlock: `10.7.${index}.0/24`,
      tags: { Name: `ours-${zone}` },
    }),
);

const fleet = new RunnerFleet("ci", {
  sources: [{ name: "gh", kind: "github", scopes: ["acme/widgets"], auth: { appId: 12_345 } }],
  profiles: [
    {
      name: "ours",
      labels: ["self-hosted", "linux", "x64", "ours"],
      compute: { kind: "ec2", image: { ssm: "/acme/images/ci" }, spot: "never" },
    },
  ],
  network: { vpcId: vpc.id, subnetIds: subnets.map(({ id }) => id) },
  images: { bake: false },
});

export const { webhookUrls, nextStep } = fleet;
