/** How forges, machines and people reach the fleet: one of three kinds, chosen by the user. */
import * as pulumi from "@pulumi/pulumi";
import type { IngressArgs, PrivateApiArgs } from "./fleet-args";
import { createFunctionUrls } from "./ingress-function-url";
import { createHttpApi } from "./ingress-http-api";
import { createPrivateApi } from "./ingress-private-api";
import type { IngressFailures, IngressFunctions, IngressWay } from "./ingress-routes";
import type { Place } from "./place";
import type { Tags } from "./tags";

export interface FleetIngressArgs {
  readonly fleet: string;
  readonly ingress: IngressArgs;
  readonly functions: IngressFunctions;
  readonly place: Place;
  readonly vpcId: pulumi.Input<string>;
  readonly subnetIds: pulumi.Output<string[]>;
  readonly tags: Tags;
}

export class Ingress extends pulumi.ComponentResource {
  /** Base addresses without a slash at the end; `/webhooks/<source>`, `/agent/v1/…` and `/api/v1/…` follow. */
  readonly webhookUrl: pulumi.Output<string>;
  readonly agentUrl: pulumi.Output<string>;
  readonly apiUrl: pulumi.Output<string>;
  /** What to watch. */
  readonly failures: IngressFailures;

  constructor(name: string, args: FleetIngressArgs, opts?: pulumi.ComponentResourceOptions) {
    super("onejob:index:Ingress", name, {}, opts);
    const { urls, failures } = createWay(name, args, this);
    this.webhookUrl = urls.webhook;
    this.agentUrl = urls.agent;
    this.apiUrl = urls.api;
    this.failures = failures;
    this.registerOutputs({ webhookUrl: this.webhookUrl, agentUrl: this.agentUrl, apiUrl: this.apiUrl });
  }
}

function createWay(name: string, args: FleetIngressArgs, parent: Ingress): IngressWay {
  const { ingress } = args;
  switch (ingress.kind) {
    case "function-url":
      return createFunctionUrls(name, args, parent);
    case "http-api":
      return createHttpApi(name, args, parent);
    case "private-api":
      return createPrivateApi(name, { ...args, ...doorOf(ingress) }, parent);
  }
}

function doorOf({ vpcEndpointId, allowedCidrs }: PrivateApiArgs) {
  return { vpcEndpointId, allowedCidrs };
}
