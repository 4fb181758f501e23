/** Which paths lead to which function, for every kind of ingress that knows paths. */
import type * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";
import type { FunctionName } from "./function-names";
import type { Tags } from "./tags";

export interface IngressRoute {
  readonly to: Extract<FunctionName, "webhook" | "agent" | "api">;
  readonly method: "POST" | "ANY";
  readonly path: string;
  /** Signed by somebody of the account; the others authenticate by themselves. */
  readonly iam: boolean;
}

export const ingressRoutes: readonly IngressRoute[] = [
  { to: "webhook", method: "POST", path: "/webhooks/{source}", iam: false },
  { to: "agent", method: "ANY", path: "/agent/v1/{proxy+}", iam: false },
  { to: "api", method: "ANY", path: "/api/v1/{proxy+}", iam: true },
];

export type IngressFunctions = Readonly<Record<IngressRoute["to"], aws.lambda.Function>>;

export interface IngressParts {
  readonly fleet: string;
  readonly functions: IngressFunctions;
  readonly tags: Tags;
}

/** Where each function is reached; what follows begins with a slash. */
export type IngressUrls = Readonly<Record<IngressRoute["to"], pulumi.Output<string>>>;

/** The metric of CloudWatch that counts answers with 5xx, those of the webhook function at least. */
export interface IngressFailures {
  readonly namespace: string;
  readonly metricName: string;
  readonly dimensions: Readonly<Record<string, pulumi.Input<string>>>;
}

/** One way in, as made. */
export interface IngressWay {
  readonly urls: IngressUrls;
  readonly failures: IngressFailures;
}

/** What an API lets through for all callers together; a flood is refused before it costs. */
export const throttle = { throttlingRateLimit: 100, throttlingBurstLimit: 500 } as const;
