/**
 * A GitHub Enterprise Server without internet: webhooks and agents come through an endpoint inside the VPC, what calls the
 * forge stands in there as well, and nothing of the fleet can be reached from outside.
 *
 * Nothing can be installed there either, so machines start from an image of your own that has it all: Docker, git, small
 * tools, Node.js and GitHub's runner, just as `imagebuilder/install.sh bake` puts them onto a plain Ubuntu 24.04 that has
 * internet. The id of that image stands in an SSM parameter, which whatever makes the image keeps.
 */
import * as pulumi from "@pulumi/pulumi";
import { RunnerFleet } from "../../../components";

const config = new pulumi.Config();

const fleet = new RunnerFleet("ci", {
  sources: [{ name: "ghes", kind: "github", url: "https://github.example.com", scopes: ["acme"], auth: { appId: 7 } }],
  profiles: [
    {
      name: "small",
      labels: ["self-hosted", "linux", "x64"],
      compute: { kind: "ec2", image: { ssm: config.get("image") ?? "/acme/images/onejob" } },
    },
  ],
  images: { bake: false },
  network: {
    vpcId: config.get("vpcId") ?? "vpc-0123456789abcdef0",
    subnetIds: config.getObject<string[]>("subnetIds") ?? ["subnet-0123456789abcdef0"],
    assignPublicIp: false,
    // Get gateways to DynamoDB and S3, which cost nothing; without this key they have to be there.
    routeTableIds: config.getObject<string[]>("routeTableIds") ?? ["rtb-0123456789abcdef0"],
  },
  ingress: { kind: "private-api" },
});

export const { webhookUrls, nextStep } = fleet;
