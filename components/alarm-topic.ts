/** Where alarms go: the user's own topic, or one made for a mail address. */
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { RunnerFleetArgs } from "./fleet-args";
import { placeOf } from "./place";
import type { Place } from "./place";
import { fleetTags } from "./tags";
import type { Tags } from "./tags";

export interface AlarmTopicArgs {
  readonly fleet: string;
  readonly email: string;
  readonly place: Place;
  readonly tags: Tags;
}

/** Not encrypted with a key: CloudWatch may not use the free one, and what is said here names no more than a function. */
export class AlarmTopic extends pulumi.ComponentResource {
  readonly arn: pulumi.Output<string>;

  constructor(name: string, args: AlarmTopicArgs, opts?: pulumi.ComponentResourceOptions) {
    super("onejob:index:AlarmTopic", name, {}, opts);
    const { fleet, email, place, tags } = args;
    const topic = new aws.sns.Topic(name, { displayName: `onejob ${fleet}`, tags }, { parent: this });
    new aws.sns.TopicPolicy(name, { arn: topic.arn, policy: publishers(topic.arn, place) }, { parent: this });
    new aws.sns.TopicSubscription(name, { topic: topic.arn, protocol: "email", endpoint: email }, { parent: this });
    this.arn = topic.arn;
    this.registerOutputs({ arn: this.arn });
  }
}

/**
 * Two statements: what EventBridge sends names no account, and a condition would refuse all of it.
 * @see https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html#eb-sns-permissions
 */
function publishers(topicArn: pulumi.Output<string>, { accountId }: Place): pulumi.Output<string> {
  const publish = (Sid: string, Service: string) => ({
    ...{ Sid, Effect: "Allow", Principal: { Service }, Action: ["sns:Publish"], Resource: [topicArn] },
  });
  return pulumi.jsonStringify({
    Version: "2012-10-17",
    Statement: [
      {
        ...publish("Alarms", "cloudwatch.amazonaws.com"),
        Condition: { StringEquals: { "aws:SourceAccount": accountId } },
      },
      publish("Events", "events.amazonaws.com"),
    ],
  });
}

interface Asked {
  readonly args: RunnerFleetArgs;
  readonly fleet: string;
}

/** The user's, or one that is made; `undefined`: nobody is to be told. */
export function alarmTopicOf(
  name: string,
  { args, fleet }: Asked,
  parent: pulumi.Resource,
): pulumi.Input<string> | undefined {
  const { email, topicArn } = args.alarms ?? {};
  if (email === undefined) return topicArn;
  const place = placeOf(parent);
  return new AlarmTopic(`${name}-alarms`, { fleet, email, place, tags: fleetTags(fleet, args.tags) }, { parent }).arn;
}
