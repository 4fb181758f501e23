/** Services of AWS that functions inside a VPC without internet speak with, each by an interface endpoint. Pure. */
export const privateServices = ["sqs", "ssm", "ec2", "sts"] as const;

export type PrivateService = (typeof privateServices)[number];
