/**
 * What AWS asks, in US dollars: list prices of us-east-1, without free tiers, for arm64 where that matters. Other
 * regions ask up to half as much again. `source` is the page that decides; `asOf` is when we last knew the price.
 */
export interface Price {
  readonly usd: number;
  readonly per: string;
  readonly source: string;
  readonly asOf: string;
}

const cloudwatch = "https://aws.amazon.com/cloudwatch/pricing/";
const lambda = "https://aws.amazon.com/lambda/pricing/";
const dynamodb = "https://aws.amazon.com/dynamodb/pricing/on-demand/";

const asOf = "2026-11";

export const prices = {
  alarm: { usd: 0.1, per: "alarm and month", source: cloudwatch, asOf },
  metric: { usd: 0.3, per: "metric and month, for the hours in which it is written", source: cloudwatch, asOf },
  dashboard: { usd: 3, per: "dashboard and month", source: cloudwatch, asOf },
  sqsRequest: { usd: 0.4 / 1e6, per: "request", source: "https://aws.amazon.com/sqs/pricing/", asOf },
  lambdaRequest: { usd: 0.2 / 1e6, per: "request", source: lambda, asOf },
  lambdaGbSecond: { usd: 0.0000133334, per: "GB-second (arm64)", source: lambda, asOf },
  schedule: { usd: 1 / 1e6, per: "invocation", source: "https://aws.amazon.com/eventbridge/pricing/", asOf },
  readUnit: { usd: 0.125 / 1e6, per: "read request unit", source: dynamodb, asOf },
  writeUnit: { usd: 0.625 / 1e6, per: "write request unit", source: dynamodb, asOf },
  parameter: { usd: 0, per: "standard parameter", source: "https://aws.amazon.com/systems-manager/pricing/", asOf },
  kmsRequest: { usd: 0.03 / 1e4, per: "request", source: "https://aws.amazon.com/kms/pricing/", asOf },
  interfaceEndpointHour: {
    usd: 0.01,
    per: "availability zone and hour",
    source: "https://aws.amazon.com/privatelink/pricing/",
    asOf,
  },
  buildHour: { usd: 0.0893, per: "hour of a c7i.large", source: "https://aws.amazon.com/ec2/pricing/on-demand/", asOf },
  snapshotGbMonth: { usd: 0.05, per: "GB and month", source: "https://aws.amazon.com/ebs/pricing/", asOf },
} as const satisfies Record<string, Price>;
