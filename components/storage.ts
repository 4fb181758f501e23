/** The bucket for what jobs of the source `api` bring and leave: packed folders, logs, artifacts. And for agents. */
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { keptAgentKey } from "../runtime/core/fleet-facts";
import type { Bundles } from "./bundles";
import { fleetTags, type Tags } from "./tags";

export interface StorageArgs {
  readonly fleet: string;
  readonly agent: Bundles["agent"];
  /** From its making, for logs and packed folders: no function removes them, the bucket does. */
  readonly expireDays: number;
  readonly protect: boolean;
  readonly tags: Tags;
}

export class Storage extends pulumi.ComponentResource {
  readonly bucketName: pulumi.Output<string>;
  readonly bucketArn: pulumi.Output<string>;

  constructor(name: string, args: StorageArgs, opts?: pulumi.ComponentResourceOptions) {
    super("onejob:index:Storage", name, {}, opts);
    const { fleet, protect, tags } = args;
    const bucket = new aws.s3.Bucket(
      name,
      // By the fleet's name: a component's may have letters that a bucket's must not.
      { bucketPrefix: `${fleet}-`, forceDestroy: !protect, tags },
      { parent: this, protect, retainOnDelete: protect },
    );
    closeBucket(name, bucket, this);
    expireObjects(name, { bucket, days: args.expireDays }, this);
    keepAgent(name, { bucket, agent: args.agent, fleet }, this);
    this.bucketName = bucket.bucket;
    this.bucketArn = bucket.arn;
    this.registerOutputs({ bucketName: this.bucketName });
  }
}

function closeBucket(name: string, bucket: aws.s3.Bucket, parent: Storage): void {
  new aws.s3.BucketPublicAccessBlock(
    name,
    {
      bucket: bucket.bucket,
      blockPublicAcls: true,
      blockPublicPolicy: true,
      ignorePublicAcls: true,
      restrictPublicBuckets: true,
    },
    { parent },
  );
  new aws.s3.BucketServerSideEncryptionConfiguration(
    name,
    { bucket: bucket.bucket, rules: [{ applyServerSideEncryptionByDefault: { sseAlgorithm: "AES256" } }] },
    { parent },
  );
  new aws.s3.BucketPolicy(name, { bucket: bucket.bucket, policy: onlyEncrypted(bucket.arn) }, { parent });
}

/** No request without TLS, whoever sends it. */
function onlyEncrypted(arn: pulumi.Output<string>): pulumi.Output<string> {
  return pulumi.jsonStringify({
    Version: "2012-10-17",
    Statement: [
      {
        Sid: "OnlyEncryptedConnections",
        Effect: "Deny",
        Principal: "*",
        Action: "s3:*",
        Resource: [arn, pulumi.interpolate`${arn}/*`],
        Condition: { Bool: { "aws:SecureTransport": "false" } },
      },
    ],
  });
}

/** Where `runtime/entry/lambda/bucket-*.ts` put what belongs to a job. */
const prefixes = ["logs", "bundles"] as const;

function expireObjects(
  name: string,
  { bucket, days }: { readonly bucket: aws.s3.Bucket; readonly days: number },
  parent: Storage,
): void {
  new aws.s3.BucketLifecycleConfiguration(
    name,
    {
      bucket: bucket.bucket,
      rules: [
        ...prefixes.map((prefix) => ({
          id: `expire-${prefix}`,
          status: "Enabled",
          filter: { prefix: `${prefix}/` },
          expiration: { days },
        })),
        // Once a job was made of it, the job has its own copy.
        { id: "expire-uploads", status: "Enabled", filter: { prefix: "uploads/" }, expiration: { days: 1 } },
        {
          id: "abort-uploads",
          status: "Enabled",
          filter: { prefix: "" },
          abortIncompleteMultipartUpload: { daysAfterInitiation: 1 },
        },
      ],
    },
    { parent },
  );
}

/** For good: machines that were made just before the next deployment ask for it by its checksum. About 300 KB each. */
function keepAgent(
  name: string,
  {
    bucket,
    agent,
    fleet,
  }: { readonly bucket: aws.s3.Bucket; readonly agent: Bundles["agent"]; readonly fleet: string },
  parent: Storage,
): void {
  new aws.s3.BucketObjectv2(
    `${name}-agent`,
    {
      bucket: bucket.bucket,
      key: keptAgentKey(agent.sha256),
      source: new pulumi.asset.FileAsset(agent.path),
      contentType: "text/javascript; charset=utf-8",
      // An object takes ten, and the user's own may be more.
      tags: fleetTags(fleet),
      overrideProvider: { defaultTags: { tags: {} } },
    },
    { parent, retainOnDelete: true },
  );
}
