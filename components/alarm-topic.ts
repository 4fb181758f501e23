/** Where alarms go: the user's own topic, or one made for a mail address. */
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { Place } from "./place";
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
    const policy = pulumi.jsonStringify({
      Version: "2012-10-17",
      Statement: [
        {
          Sid: "AlarmsAndEvents",
          Effect: "Allow",
          Principal: { Service: ["cloudwatch.amazonaws.com", "events.amazonaws.com"] },
          Action: ["sns:Publish"],
          Resource: [topic.arn],
          Condition: { StringEquals: { "aws:SourceAccount": place.accountId } },
        },
      ],
    });
    new aws.sns.TopicPolicy(name, { arn: topic.arn, policy }, { parent: this });
    new aws.sns.TopicSubscription(name, { topic: topic.arn, protocol: "email", endpoint: email }, { parent: this });
    this.arn = topic.arn;
    this.registerOutputs({ arn: this.arn });
  }
}
