/** What a fleet's policies are about, by made-up names. */
import type { FunctionResources } from "../../components/permissions";

export const account = "123456789012";
export const queueArn = `arn:aws:sqs:eu-central-1:${account}:q`;
export const tableArn = `arn:aws:dynamodb:eu-central-1:${account}:table/t`;
export const bucketArn = "arn:aws:s3:::b";
export const logGroupArn = `arn:aws:logs:eu-central-1:${account}:log-group:/onejob/ci/x`;
export const parameter = (name: string) => `arn:aws:ssm:eu-central-1:${account}:parameter${name}`;
export const ec2 = (rest: string) => `arn:aws:ec2:eu-central-1:${account}:${rest}`;

export const fleet: FunctionResources = {
  ...{ fleet: "ci", partition: "aws", region: "eu-central-1", accountId: account },
  ...{ tableArn, queueArn, bucketArn, logGroupArn, settingsPath: "/onejob/ci/settings" },
  webhookSecrets: ["/onejob/ci/secrets/gh/webhook-secret"],
  credentials: ["/onejob/ci/secrets/gh/private-key"],
  imagePointers: ["/imagebuilder/onejob/ci/ubuntu-24.04-x64", "/aws/service/somebody/ami-id"],
  subnetIds: ["subnet-1", "subnet-2"],
  securityGroupId: "sg-1",
  machineRoleArns: [`arn:aws:iam::${account}:role/machines`],
};
