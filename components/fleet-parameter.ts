/** What the CLI has to know of a fleet, as one SSM parameter: names and addresses, no secrets. */
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { fleetPath, type FleetFacts } from "../runtime/core/fleet-facts";
import type { Tags } from "./tags";

export interface FleetParameterArgs {
  readonly fleet: string;
  readonly facts: pulumi.Output<FleetFacts>;
  readonly urls: {
    /** By source. */
    readonly webhooks: pulumi.Output<Readonly<Record<string, string>>>;
    readonly agent: pulumi.Output<string>;
    readonly api: pulumi.Output<string>;
    /** Of the queue of dead letters, which is none of the functions' business. */
    readonly dead: pulumi.Output<string>;
  };
  readonly secretsToFill: readonly string[];
  readonly tags: Tags;
}

export class FleetParameter extends pulumi.ComponentResource {
  constructor(name: string, args: FleetParameterArgs, opts?: pulumi.ComponentResourceOptions) {
    super("onejob:index:FleetParameter", name, {}, opts);
    const { fleet, facts, urls, secretsToFill, tags } = args;
    const insecureValue = pulumi
      .all([facts, urls.webhooks, urls.agent, urls.api, urls.dead])
      .apply(([{ machines: _ofNoUse, ...names }, webhooks, agent, api, deadLetterQueueUrl]) =>
        JSON.stringify({ ...names, deadLetterQueueUrl, urls: { webhooks, agent, api }, secretsToFill }),
      );
    new aws.ssm.Parameter(
      name,
      // Beyond some twenty sources it is larger than a standard one may be, and then 0.05 USD a month.
      { name: `${fleetPath(fleet)}/facts`, type: "String", tier: "Intelligent-Tiering", insecureValue, tags },
      { parent: this },
    );
    this.registerOutputs({});
  }
}
