/** Machines in a VPC of one's own, from an image of one's own: its id stands in an SSM parameter that a pipeline keeps. */
import * as aws from "@pulumi/aws";
import { RunnerFleet } from "../../../components";

const tags = { Name: "ours" };
const vpc = new aws.ec2.Vpc("ours", { cidrBlock: "10.7.0.0/16", enableDnsHostnames: true, tags });

/** Machines ask for their jobs, so they need a way out; nothing leads in. */
const gateway = new aws.ec2.InternetGateway("ours", { vpcId: vpc.id, tags });
const routes = new aws.ec2.RouteTable("ours", {
  vpcId: vpc.id,
  routes: [{ cidrBlock: "0.0.0.0/0", gatewayId: gateway.id }],
  tags,
});

/** Two zones: where one has no machines to spare, the other may have. */
const { names } = aws.getAvailabilityZonesOutput({
  state: "available",
  filters: [{ name: "opt-in-status", values: ["opt-in-not-required"] }],
});
const subnets = ["a", "b"].map((key, index) => {
  const subnet = new aws.ec2.Subnet(`ours-${key}`, {
    vpcId: vpc.id,
    cidrBlock: `10.7.${index}.0/24`,
    availabilityZone: names.apply((zones) => zones[index] ?? ""),
    tags: { Name: `ours-${key}` },
  });
  new aws.ec2.RouteTableAssociation(`ours-${key}`, { subnetId: subnet.id, routeTableId: routes.id });
  return subnet;
});

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
