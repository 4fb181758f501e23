/** The queue between whoever hears of something and whoever does it, and where messages end that nobody can handle. */
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { Tags } from "./tags";

export interface QueueArgs {
  /** Of the function that reads it. */
  readonly workTimeoutSeconds: number;
  readonly tags: Tags;
}

/** Lambda's own advice: below six times the function's time-out, throttled batches come back while they are worked on. */
const visibilityFactor = 6;
/** Half an hour of a forge that does not answer, each try later than the one before, makes no dead letter. */
export const maxReceives = 10;
/** The most that SQS allows: a dead letter should wait for a person. */
const fourteenDaysSeconds = 1_209_600;

export class Queue extends pulumi.ComponentResource {
  readonly url: pulumi.Output<string>;
  readonly arn: pulumi.Output<string>;
  readonly name: pulumi.Output<string>;
  readonly deadLetterUrl: pulumi.Output<string>;
  readonly deadLetterArn: pulumi.Output<string>;
  readonly deadLetterName: pulumi.Output<string>;

  constructor(name: string, { workTimeoutSeconds, tags }: QueueArgs, opts?: pulumi.ComponentResourceOptions) {
    super("onejob:index:Queue", name, {}, opts);
    const parent = { parent: this };
    const both = { sqsManagedSseEnabled: true, messageRetentionSeconds: fourteenDaysSeconds, tags };
    const deadLetters = new aws.sqs.Queue(`${name}-dead`, both, parent);
    const queue = new aws.sqs.Queue(
      name,
      { ...both, visibilityTimeoutSeconds: visibilityFactor * workTimeoutSeconds },
      parent,
    );
    new aws.sqs.RedrivePolicy(
      name,
      {
        queueUrl: queue.url,
        redrivePolicy: pulumi.jsonStringify({ deadLetterTargetArn: deadLetters.arn, maxReceiveCount: maxReceives }),
      },
      parent,
    );
    new aws.sqs.RedriveAllowPolicy(
      name,
      {
        queueUrl: deadLetters.url,
        redriveAllowPolicy: pulumi.jsonStringify({ redrivePermission: "byQueue", sourceQueueArns: [queue.arn] }),
      },
      parent,
    );
    this.url = queue.url;
    this.arn = queue.arn;
    this.name = queue.name;
    this.deadLetterUrl = deadLetters.url;
    this.deadLetterArn = deadLetters.arn;
    this.deadLetterName = deadLetters.name;
    this.registerOutputs({ url: this.url, deadLetterUrl: this.deadLetterUrl });
  }
}
