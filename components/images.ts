/** The images that machines start from: a pointer for each system, and what bakes a new one every week. */
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { parse, stringify } from "yaml";
import { machineFilesScript, readMachineFile } from "./compute/machine-files";
import { stockImages } from "./compute/systems";
import type { Architecture } from "./compute/systems";
import { contentVersion } from "./content-version";
import { createImagePipeline, keyOf } from "./image-pipeline";
import type { BakedSystem, ImagePipeline, PipelineParts } from "./image-pipeline";
import { placeOf } from "./place";
import { fleetTags } from "./tags";
import type { Tags } from "./tags";

export interface ImagesArgs {
  readonly fleet: string;
  readonly systems: readonly BakedSystem[];
  /** Without, there is nothing to make: machines start from the systems' own newest images. */
  readonly bake: boolean;
  /** When images are baked, as `cron(…)`, UTC. */
  readonly schedule: string;
  /** What they are built on. @default c7i.large, c7g.large */
  readonly instanceType?: Readonly<Partial<Record<Architecture, string>>>;
  /** Of a subnet with a way out to the internet. */
  readonly subnetId: pulumi.Input<string>;
  readonly securityGroupId: pulumi.Input<string>;
  readonly tags: Tags;
}

/**
 * *Cost.* A build is about half an hour of its instance each week; two images of a system are kept, as snapshots.
 * What fails replaces nothing, and `reportFailedImages` tells of it: only an image that was built and passed its tests gets the pointer.
 */
export class Images extends pulumi.ComponentResource {
  /** Names of the parameters, by `<system>-<arch>`; each already names an image. */
  readonly pointers: Readonly<Record<string, pulumi.Input<string>>>;
  readonly pipelineArns: Readonly<Record<string, pulumi.Output<string>>>;
  /** Names of what is baked. */
  readonly recipes: readonly string[];

  constructor(name: string, args: ImagesArgs, opts?: pulumi.ComponentResourceOptions) {
    super("onejob:index:Images", name, {}, opts);
    const tags = fleetTags(args.fleet, args.tags);
    const parts = { ...args, name, tags, parent: this };
    this.pointers = Object.fromEntries(args.systems.map((system) => [keyOf(system), pointerOf(system, parts)]));
    const pipelines = args.bake && args.systems.length > 0 ? createPipelines(parts) : new Map<string, ImagePipeline>();
    this.pipelineArns = Object.fromEntries([...pipelines].map(([key, { arn }]) => [key, arn]));
    this.recipes = [...pipelines.values()].map(({ recipe }) => recipe);
    this.registerOutputs({ pointers: this.pointers, pipelineArns: this.pipelineArns });
  }
}

type Parts = ImagesArgs & { readonly name: string; readonly parent: pulumi.Resource };

/** Image Builder's own role may write nowhere else. */
export function pointerName(fleet: string, system: BakedSystem): string {
  return `/imagebuilder/onejob/${fleet}/${keyOf(system)}`;
}

/** Canonical's own where nothing is baked: that one is always the newest. */
function pointerOf(system: BakedSystem, parts: Parts): pulumi.Input<string> {
  return parts.bake ? createPointer(system, parts) : stockImages[system.system][system.arch].parameter;
}

/**
 * Begins with the system's own image, so that there always is one. From then on it is Image Builder's: any change but to
 * the tags makes the provider write all of the parameter again, and with it the image it remembers.
 */
function createPointer(system: BakedSystem, { name, fleet, tags, parent }: Parts): pulumi.Output<string> {
  const { parameter } = stockImages[system.system][system.arch];
  const pointer = new aws.ssm.Parameter(
    `${name}-${keyOf(system)}`,
    {
      name: pointerName(fleet, system),
      type: "String",
      dataType: "aws:ec2:image",
      insecureValue: aws.ssm.getParameterOutput({ name: parameter }, { parent }).insecureValue,
      // A build that ended after its fleet was destroyed has left one.
      overwrite: true,
      tags,
    },
    {
      parent,
      ignoreChanges: ["value", "insecureValue", "dataType", "description", "allowedPattern", "tier", "overwrite"],
    },
  );
  return pointer.name;
}

function createPipelines(parts: Parts): ReadonlyMap<string, ImagePipeline> {
  const { parent, fleet, name } = parts;
  const place = placeOf(parent);
  const build = createRole("build", ["EC2InstanceProfileForImageBuilder", "AmazonSSMManagedInstanceCore"], parts);
  const cleaner = createRole("lifecycle", ["service-role/EC2ImageBuilderLifecycleExecutionPolicy"], parts);
  const instanceProfile = new aws.iam.InstanceProfile(
    `${name}-build`,
    { namePrefix: rolePrefix(fleet), role: build.name, tags: parts.tags },
    { parent },
  );
  const shared: PipelineParts = {
    ...parts,
    instanceType: parts.instanceType,
    region: place.region,
    component: createComponent(parts),
    instanceProfile: instanceProfile.name,
    lifecycleRole: cleaner.arn,
  };
  return new Map(
    parts.systems.map((system) => [keyOf(system), createImagePipeline(system, pointerName(fleet, system), shared)]),
  );
}

const services = { build: "ec2.amazonaws.com", lifecycle: "imagebuilder.amazonaws.com" } as const;

function createRole(
  use: keyof typeof services,
  policies: readonly string[],
  { name, fleet, tags, parent }: Parts,
): aws.iam.Role {
  const { partition } = placeOf(parent);
  const role = new aws.iam.Role(
    `${name}-${use}`,
    {
      namePrefix: rolePrefix(fleet),
      description: use === "build" ? "Instances that Image Builder builds images on" : "Removes old images",
      assumeRolePolicy: JSON.stringify(aws.iam.assumeRolePolicyForPrincipal({ Service: services[use] })),
      tags,
    },
    { parent },
  );
  for (const policy of policies) {
    const policyArn = pulumi.interpolate`arn:${partition}:iam::aws:policy/${policy}`;
    const key = policy.slice(policy.lastIndexOf("/") + 1);
    new aws.iam.RolePolicyAttachment(`${name}-${use}-${key}`, { role: role.name, policyArn }, { parent });
  }
  return role;
}

const rolePrefix = (fleet: string): string => `onejob-${fleet}`.slice(0, 37) + "-";

/** Both for x64 and for arm64: the script looks where it is. */
function createComponent({ name, fleet, tags, parent }: Parts): PipelineParts["component"] {
  const content = { platform: "Linux", supportedOsVersions: ["Ubuntu 24"], data: componentDocument() };
  const version = contentVersion(content);
  const component = new aws.imagebuilder.Component(
    `${name}-machine`,
    { name: `onejob-${fleet}-machine`, version, ...content, tags },
    // Recipes use the old one until they are replaced.
    { parent, deleteBeforeReplace: false },
  );
  return { arn: component.arn, version };
}

/** Of Image Builder, for documents that do not stand in a bucket. */
const longestDocument = 16_000;

/** Exported for tests. */
export function componentDocument(): string {
  const commands = `set -euo pipefail\n${machineFilesScript("image")}\n`;
  const document: unknown = parse(readMachineFile("machine.component.yaml"), (_key, value: unknown) =>
    value === "@files" ? commands : value,
  );
  const text = stringify(document, { lineWidth: 0, indent: 1, indentSeq: false });
  if (text.length > longestDocument) {
    throw new Error(`the component has ${text.length} characters; Image Builder takes ${longestDocument}`);
  }
  return text;
}
