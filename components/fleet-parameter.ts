/** What the CLI has to know of a fleet, as one SSM parameter: names and addresses, no secrets. */
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { fleetPath, type FleetFacts } from "../runtime/core/fleet-facts";
import type { Tags } from "./tags";

export interface FleetParameterArgs {
  readonly fleet: string;
  readonly facts: pulumi.Output<FleetFacts>;
  /** None of the functions' business. */
  readonly deadLetterQueueUrl: pulumi.Output<string>;
  readonly urls: {
    /** By source. */
    readonly webhooks: pulumi.Output<Readonly<Record<string, string>>>;
    readonly agent: pulumi.Output<string>;
    readonly api: pulumi.Output<string>;
  };
  readonly secretsToFill: readonly string[];
  readonly tags: Tags;
}

export class FleetParameter extends pulumi.ComponentResource {
  constructor(name: string, args: FleetParameterArgs, opts?: pulumi.ComponentResourceOptions) {
    super("onejob:index:FleetParameter", name, {}, opts);
    const { fleet, facts, deadLetterQueueUrl, urls, secretsToFill, tags } = args;
    const insecureValue = pulumi
      .all([facts, deadLetterQueueUrl, urls.webhooks, urls.agent, urls.api])
      .apply(([known, deadLetters, webhooks, agent, api]) =>
        JSON.stringify({
          ...{ ...known, deadLetterQueueUrl: deadLetters, secretsToFill },
          urls: { webhooks, agent, api },
        }),
      );
    new aws.ssm.Parameter(
      name,
      // Beyond some twenty profiles it is larger than a standard one may be, and then 0.05 USD a month.
      { name: `${fleetPath(fleet)}/facts`, type: "String", tier: "Intelligent-Tiering", insecureValue, tags },
      { parent: this },
    );
    this.registerOutputs({});
  }
}
