/** The systems that machines can start from, as AWS knows them. */
import * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";
import type { Ec2Image } from "../../runtime/core/settings";
import type { architectures, systems } from "../../runtime/core/settings-schema-ec2";

export type SystemName = (typeof systems)[number];
export type Architecture = (typeof architectures)[number];

export interface StockImage {
  /** Canonical's public parameter, which always names their newest image. */
  readonly parameter: string;
  readonly rootDevice: string;
  /** Of their image's disk; one of ours is no larger, so that it fits the smallest volume a profile may ask for. */
  readonly sizeGiB: number;
}

const ubuntu2404 = (arch: string): StockImage => ({
  parameter: `/aws/service/canonical/ubuntu/server/24.04/stable/current/${arch}/hvm/ebs-gp3/ami-id`,
  rootDevice: "/dev/sda1",
  sizeGiB: 8,
});

/** @see https://documentation.ubuntu.com/aws/aws-how-to/instances/find-ubuntu-images/ */
export const stockImages: Readonly<Record<SystemName, Readonly<Record<Architecture, StockImage>>>> = {
  "ubuntu-24.04": { x64: ubuntu2404("amd64"), arm64: ubuntu2404("arm64") },
};

/** A volume for another device would be a second disk, beside the image's own with its own size. */
export function rootDeviceOf(image: Ec2Image, parent: pulumi.Resource): pulumi.Input<string> {
  if ("os" in image) return stockImages[image.os].x64.rootDevice;
  const imageId =
    "ami" in image ? image.ami : aws.ssm.getParameterOutput({ name: image.ssm }, { parent }).insecureValue;
  return aws.ec2.getAmiOutput(
    { filters: [{ name: "image-id", values: [imageId] }], includeDeprecated: true },
    { parent },
  ).rootDeviceName;
}
