/** Tells of images that could not be baked: the alarms' topic, or where there is none the function `events`, which logs it. */
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { Images } from "./images";
import type { Place } from "./place";
import type { Tags } from "./tags";

export interface FailedImagesArgs {
  readonly images: Images;
  /** EventBridge must be allowed to publish to it. */
  readonly topicArn: pulumi.Input<string> | undefined;
  readonly events: Pick<aws.lambda.Function, "name" | "arn">;
  readonly place: Place;
  readonly tags: Tags;
}

/** @see https://docs.aws.amazon.com/imagebuilder/latest/userguide/integ-eventbridge.html */
export function reportFailedImages(name: string, args: FailedImagesArgs): void {
  const { images: parent, topicArn, events, place, tags } = args;
  if (parent.recipes.length === 0) return;
  const description = "An image of machines could not be built; the one before stays in use";
  const eventPattern = patternOf(parent.recipes, place);
  const rule = new aws.cloudwatch.EventRule(name, { description, eventPattern, tags }, { parent });
  const target = topicArn === undefined ? { arn: events.arn } : { arn: topicArn, inputTransformer: sentence };
  new aws.cloudwatch.EventTarget(name, { rule: rule.name, ...target }, { parent });
  if (topicArn !== undefined) return;
  const may = { action: "lambda:InvokeFunction", principal: "events.amazonaws.com", sourceArn: rule.arn };
  new aws.lambda.Permission(name, { function: events.name, ...may }, { parent });
}

/** Read by people. */
const sentence = {
  inputPaths: { image: "$.resources[0]" },
  inputTemplate: `"The image <image> could not be built. Machines go on with the one before; GitHub refuses its runner when it is 30 days old. Its log: CloudWatch, /aws/imagebuilder."`,
};

function patternOf(recipes: readonly string[], { partition, region, accountId }: Place): pulumi.Output<string> {
  return pulumi.jsonStringify({
    source: ["aws.imagebuilder"],
    "detail-type": ["EC2 Image Builder Image State Change"],
    resources: recipes.map((recipe) => ({
      prefix: pulumi.interpolate`arn:${partition}:imagebuilder:${region}:${accountId}:image/${recipe}/`,
    })),
    detail: { state: { status: ["FAILED"] } },
  });
}
