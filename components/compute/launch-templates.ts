/** How machines are launched: one template for each profile, by a name that the functions know beforehand. */
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { Ec2Image, ProfileSettings } from "../../runtime/core/settings";
import { fleetTags } from "../tags";
import type { Tags } from "../tags";
import { ec2Profiles, machineTags } from "./machine-roles";
import type { ByProfile, Ec2Profile } from "./machine-roles";
import { rootDeviceOf } from "./systems";
import { userData } from "./user-data";

export interface LaunchTemplatesArgs {
  readonly fleet: string;
  /** Those of other computes are left out. */
  readonly profiles: readonly ProfileSettings[];
  /** ARNs. */
  readonly instanceProfiles: ByProfile<pulumi.Input<string>>;
  readonly securityGroupId: pulumi.Input<string>;
  /** Where machines get their agent, and what it talks to. */
  readonly agentUrl: pulumi.Input<string>;
  readonly agentSha256: pulumi.Input<string>;
  /** Names of the parameters that hold our images, by `<system>-<arch>`. */
  readonly pointers: Readonly<Record<string, pulumi.Input<string>>>;
  /** Public addresses; without, the subnets need another way out. */
  readonly assignPublicIp: boolean;
  readonly tags: Tags;
}

/** A change is a new version, and the default one at once: it counts from the next launch on. */
export class LaunchTemplates extends pulumi.ComponentResource {
  readonly names: ByProfile<string>;

  constructor(name: string, args: LaunchTemplatesArgs, opts?: pulumi.ComponentResourceOptions) {
    super("onejob:index:LaunchTemplates", name, {}, opts);
    const profiles = ec2Profiles(args.profiles);
    for (const profile of profiles)
      createTemplate(`${name}-${profile.profile.name}`, profile, { ...args, parent: this });
    this.names = Object.fromEntries(
      profiles.map(({ profile }) => [profile.name, templateName(args.fleet, profile.name)]),
    );
    this.registerOutputs({ names: this.names });
  }
}

/** Not its id: the functions that launch are named in the machines' user data, so one of the two must be known first. */
export function templateName(fleet: string, profile: string): string {
  return `onejob-${fleet}-${profile}`;
}

type Parts = LaunchTemplatesArgs & { readonly parent: pulumi.Resource };

function createTemplate(name: string, { profile, compute }: Ec2Profile, parts: Parts): void {
  const { fleet, parent, tags: own } = parts;
  const instanceProfile = parts.instanceProfiles[profile.name];
  if (instanceProfile === undefined) throw new Error(`profile ${profile.name} has no instance profile`);
  const template = templateName(fleet, profile.name);
  const tags = { ...machineTags(fleet, profile.name, own), Name: template };
  new aws.ec2.LaunchTemplate(
    name,
    {
      name: template,
      description: `Machines of profile ${profile.name} of the Onejob fleet ${fleet}`,
      imageId: imageIdOf({ profile, compute }, parts),
      iamInstanceProfile: { arn: instanceProfile },
      blockDeviceMappings: [{ deviceName: rootDeviceOf(compute.image, parent), ebs: volumeOf(compute) }],
      networkInterfaces: [networkOf(parts)],
      metadataOptions: metadata,
      // Else a machine that switches itself off would stay, stopped, with its disk.
      instanceInitiatedShutdownBehavior: "terminate",
      tagSpecifications: ["instance", "volume", "network-interface"].map((resourceType) => ({ resourceType, tags })),
      userData: userDataOf({ profile, compute }, parts),
      updateDefaultVersion: true,
      tags: fleetTags(fleet, own),
    },
    { parent },
  );
}

/** Hop limit 1: no container on the machine reaches it. Tags say which runner it is; they hold nothing secret. */
const metadata = {
  httpEndpoint: "enabled",
  httpTokens: "required",
  httpPutResponseHopLimit: 1,
  instanceMetadataTags: "enabled",
};

function imageIdOf({ compute: { image, arch } }: Ec2Profile, { pointers }: Parts): pulumi.Input<string> {
  if ("ami" in image) return image.ami;
  return pulumi.interpolate`resolve:ssm:${"ssm" in image ? image.ssm : pointerOf(image, arch, pointers)}`;
}

function pointerOf(
  { os }: Extract<Ec2Image, { os: string }>,
  arch: string,
  pointers: LaunchTemplatesArgs["pointers"],
): pulumi.Input<string> {
  const pointer = pointers[`${os}-${arch}`];
  if (pointer === undefined) throw new Error(`there is no image of ${os} for ${arch}`);
  return pointer;
}

function volumeOf({ volume }: Ec2Profile["compute"]) {
  return {
    volumeType: "gp3",
    volumeSize: volume.sizeGiB,
    throughput: volume.throughputMiBps,
    iops: volume.iops,
    encrypted: "true",
    deleteOnTermination: "true",
  };
}

function networkOf({ assignPublicIp, securityGroupId }: Parts) {
  return {
    deviceIndex: 0,
    associatePublicIpAddress: String(assignPublicIp),
    deleteOnTermination: "true",
    securityGroups: [securityGroupId],
  };
}

/** The server ends a machine before it does so itself: this is for the day when there is no server any more. */
const marginSeconds = 300;

function userDataOf({ profile, compute }: Ec2Profile, parts: Parts): pulumi.Output<string> {
  const { fleet, parent } = parts;
  const { bootMs, idleMs, jobMs } = profile.timeouts;
  const lifetimeSeconds = Math.ceil((bootMs + idleMs + jobMs) / 1_000) + marginSeconds;
  const { region } = aws.getRegionOutput({}, { parent });
  return pulumi
    .all([region, parts.agentUrl, parts.agentSha256])
    .apply(([where, agentUrl, agentSha256]) =>
      userData({ fleet, region: where, agentUrl, agentSha256, lifetimeSeconds, connect: compute.connect }),
    );
}
