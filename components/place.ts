/** Where a component's provider deploys to. */
import * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";

export interface Place {
  readonly accountId: pulumi.Output<string>;
  readonly region: pulumi.Output<string>;
  /** `aws`, `aws-us-gov`, `aws-cn`: the second word of every ARN. */
  readonly partition: pulumi.Output<string>;
}

/** With `parent`, so that a provider given to the fleet is the one asked. */
export function placeOf(parent: pulumi.Resource): Place {
  const options = { parent };
  return {
    accountId: aws.getCallerIdentityOutput({}, options).accountId,
    region: aws.getRegionOutput({}, options).region,
    partition: aws.getPartitionOutput({}, options).partition,
  };
}
