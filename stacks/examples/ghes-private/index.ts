/**
 * A GitHub Enterprise Server without internet: webhooks and agents come through an endpoint inside the VPC, and nothing of
 * the fleet can be reached from outside.
 */
import * as pulumi from "@pulumi/pulumi";
import { RunnerFleet } from "../../../components";

const config = new pulumi.Config();

const fleet = new RunnerFleet("ci", {
  sources: [{ name: "ghes", kind: "github", url: "https://github.example.com", scopes: ["acme"], auth: { appId: 7 } }],
  profiles: [{ name: "small", labels: ["self-hosted", "linux", "x64"] }],
  network: {
    vpcId: config.get("vpcId") ?? "vpc-0123456789abcdef0",
    subnetIds: config.getObject<string[]>("subnetIds") ?? ["subnet-0123456789abcdef0"],
    assignPublicIp: false,
  },
  ingress: { kind: "private-api" },
});

export const { webhookUrls, nextStep } = fleet;
