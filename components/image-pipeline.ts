/** What bakes the image of one system: recipe, pipeline, and who removes the old ones. */
import * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";
import { contentVersion } from "./content-version";
import { stockImages } from "./compute/systems";
import type { Architecture, SystemName } from "./compute/systems";
import type { Tags } from "./tags";

export interface BakedSystem {
  readonly system: SystemName;
  readonly arch: Architecture;
}

/** What the pipelines of a fleet share. */
export interface PipelineParts {
  /** Of the resources' names in Pulumi. */
  readonly name: string;
  readonly fleet: string;
  readonly tags: Tags;
  readonly parent: pulumi.Resource;
  readonly region: pulumi.Output<string>;
  readonly component: { readonly arn: pulumi.Output<string>; readonly version: string };
  readonly instanceProfile: pulumi.Output<string>;
  readonly lifecycleRole: pulumi.Output<string>;
  readonly subnetId: pulumi.Input<string>;
  readonly securityGroupId: pulumi.Input<string>;
  readonly schedule: string;
  /** What it is built on; of its architecture. */
  readonly instanceType: Readonly<Partial<Record<Architecture, string>>> | undefined;
}

export interface ImagePipeline {
  readonly arn: pulumi.Output<string>;
  readonly recipe: string;
}

const usualTypes: Readonly<Record<Architecture, string>> = { x64: "c7i.large", arm64: "c7g.large" };
const kept = 2;

/** `pointer` is written when an image has been built and tested, and at no other time. */
export function createImagePipeline(baked: BakedSystem, pointer: string, parts: PipelineParts): ImagePipeline {
  const key = keyOf(baked);
  // Image Builder knows no dots in names.
  const recipe = `onejob-${parts.fleet}-${key.replaceAll(".", "-")}`;
  const own = { ...parts, logical: `${parts.name}-${key}`, recipe, system: baked };
  const made = createRecipe(own);
  const logs = new aws.cloudwatch.LogGroup(
    own.logical,
    { name: `/aws/imagebuilder/${recipe}`, retentionInDays: 30, tags: parts.tags },
    { parent: parts.parent },
  );
  const pipeline = new aws.imagebuilder.ImagePipeline(
    own.logical,
    {
      name: recipe,
      imageRecipeArn: made.arn,
      infrastructureConfigurationArn: createInfrastructure(own).arn,
      distributionConfigurationArn: createDistribution(own, pointer).arn,
      // Not only when something changed: a new version of GitHub's runner is nothing that Image Builder knows of.
      schedule: { scheduleExpression: parts.schedule, pipelineExecutionStartCondition: "EXPRESSION_MATCH_ONLY" },
      imageTestsConfiguration: { imageTestsEnabled: true, timeoutMinutes: 60 },
      // It would ask every build for a list of its packages, which nobody reads.
      enhancedImageMetadataEnabled: false,
      tags: parts.tags,
    },
    { parent: parts.parent, dependsOn: [logs] },
  );
  createLifecycle(own, made.version);
  return { arn: pipeline.arn, recipe };
}

export function keyOf({ system, arch }: BakedSystem): string {
  return `${system}-${arch}`;
}

type Own = PipelineParts & { readonly logical: string; readonly recipe: string; readonly system: BakedSystem };

function createRecipe(own: Own): { readonly arn: pulumi.Output<string>; readonly version: string } {
  const { logical, recipe, tags, parent, component } = own;
  const { parameter, rootDevice, sizeGiB } = stockImages[own.system.system][own.system.arch];
  const shape = {
    parentImage: `ssm:${parameter}`,
    blockDeviceMappings: [
      {
        deviceName: rootDevice,
        ebs: { volumeType: "gp3", volumeSize: sizeGiB, encrypted: "true", deleteOnTermination: "true" },
      },
    ],
    systemsManagerAgent: { uninstallAfterBuild: true },
    workingDirectory: "/var/tmp",
  };
  const version = contentVersion({ component: component.version, shape });
  const made = new aws.imagebuilder.ImageRecipe(
    logical,
    { name: recipe, version, components: [{ componentArn: component.arn }], ...shape, tags },
    // The pipeline uses the old one until it is told of the new one, so that one cannot be deleted before.
    { parent, deleteBeforeReplace: false },
  );
  return { arn: made.arn, version };
}

function createInfrastructure({ logical, recipe, tags, parent, system, ...parts }: Own) {
  return new aws.imagebuilder.InfrastructureConfiguration(
    logical,
    {
      name: recipe,
      instanceProfileName: parts.instanceProfile,
      instanceTypes: [parts.instanceType?.[system.arch] ?? usualTypes[system.arch]],
      subnetId: parts.subnetId,
      securityGroupIds: [parts.securityGroupId],
      instanceMetadataOptions: { httpTokens: "required", httpPutResponseHopLimit: 1 },
      terminateInstanceOnFailure: true,
      resourceTags: tags,
      tags,
    },
    { parent },
  );
}

function createDistribution({ logical, recipe, tags, parent, region, system }: Own, pointer: string) {
  return new aws.imagebuilder.DistributionConfiguration(
    logical,
    {
      name: recipe,
      distributions: [
        {
          region,
          amiDistributionConfiguration: {
            name: `${recipe}-{{ imagebuilder:buildDate }}`,
            amiTags: { ...tags, Name: recipe, "onejob:image": keyOf(system) },
          },
          ssmParameterConfigurations: [{ parameterName: pointer, dataType: "aws:ec2:image" }],
        },
      ],
      tags,
    },
    { parent },
  );
}

/** AWS applies it to one version of a recipe: the last images of an older version stay (see imagebuilder/readme.md). */
function createLifecycle({ logical, recipe, tags, parent, lifecycleRole }: Own, version: string): void {
  new aws.imagebuilder.LifecyclePolicy(
    logical,
    {
      name: recipe,
      executionRole: lifecycleRole,
      resourceType: "AMI_IMAGE",
      resourceSelection: { recipes: [{ name: recipe, semanticVersion: version }] },
      policyDetails: [
        {
          action: { type: "DELETE", includeResources: { amis: true, snapshots: true } },
          filter: { type: "COUNT", value: kept },
        },
      ],
      tags,
    },
    { parent },
  );
}
