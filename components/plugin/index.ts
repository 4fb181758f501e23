/**
 * The fleet for programs in Python, Go, YAML and whatever else Pulumi speaks: the same component under the same name and
 * URNs, with arguments that a schema can be made of. Pulumi hosts every component that this file exports.
 */
import * as pulumi from "@pulumi/pulumi";
import { RunnerFleet as Fleet, fleetProblems } from "../index";
import type { RunnerFleetArgs } from "../index";
import type { FleetArgs } from "./args";

type FleetClass = new (
  name: string,
  args: RunnerFleetArgs,
  opts?: pulumi.ComponentResourceOptions,
) => pulumi.ComponentResource;

/** Pulumi's analyzer knows a component by its base class, and only by `ComponentResource` itself. */
const BaseFleet: FleetClass = Fleet;

/** Runners that do one job and disappear, in your own AWS account. Every key: docs/fleet.md and docs/configuration.md. */
export class RunnerFleet extends BaseFleet {
  declare readonly fleetName: string;
  /** By source: what to enter as the webhook's address at the forge. */
  declare readonly webhookUrls: pulumi.Output<Record<string, string>>;
  /** For the console, and clients that sign with SigV4. */
  declare readonly apiUrl: pulumi.Output<string>;
  /** Where machines report. */
  declare readonly agentUrl: pulumi.Output<string>;
  /** SSM parameters that do not exist before somebody makes them. */
  declare readonly secretsToFill: string[];
  /** What to do now: a command. */
  declare readonly nextStep: string;
  /** What the fleet costs while nobody uses it. */
  declare readonly idleCost: FleetCost;
  /** To bake images at once; none where none are baked. */
  declare readonly pipelineArns: pulumi.Output<string[]>;
  declare readonly tableName: pulumi.Output<string>;
  declare readonly queueUrl: pulumi.Output<string>;
  declare readonly deadLetterQueueUrl: pulumi.Output<string>;
  declare readonly bucketName: pulumi.Output<string>;
  declare readonly securityGroupId: pulumi.Output<string>;
  declare readonly vpcId: pulumi.Output<string>;
  declare readonly subnetIds: pulumi.Output<string[]>;

  /** Throws `InputPropertiesError` with everything that is wrong, before anything is made. */
  constructor(name: string, args: FleetArgs, opts?: pulumi.ComponentResourceOptions) {
    super(name, checked(name, args), opts);
  }
}

export interface FleetCost {
  /** Of the control plane: the sum of `items`. */
  monthlyUsd: number;
  items: FleetCostItem[];
  /** Images that are kept; no part of the sum. */
  images: FleetCostItem[];
}

export interface FleetCostItem {
  what: string;
  /** At list price, without free tiers. */
  monthlyUsd: number;
  /** How it is counted. */
  how: string;
  /** The argument that makes it, where leaving it out would save it. */
  setting?: string;
}

/** As the engine understands them: it names each argument in the language of whoever asked. */
function checked(name: string, given: FleetArgs): RunnerFleetArgs {
  // What is checked next: of each kind of source only some keys are allowed.
  const args = given as RunnerFleetArgs;
  const problems = fleetProblems(args, { component: name, stack: pulumi.getStack() });
  if (problems.length === 0) return args;
  const count = problems.length === 1 ? "one thing" : `${problems.length} things`;
  throw new pulumi.InputPropertiesError({
    message: `RunnerFleet "${name}": ${count} to correct, nothing was made`,
    errors: problems.map(({ path, what, fix }) => ({ propertyPath: path, reason: `${what}; ${fix}` })),
  });
}
