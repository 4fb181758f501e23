/**
 * What tells people that the fleet itself is in trouble: five alarms, saved queries, and on request a dashboard and a
 * budget. Alarms read metrics that AWS keeps anyway; those of the functions themselves cost only while there is work.
 */
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { createAlarms } from "./alarms";
import { dashboardBody } from "./dashboard";
import type { BudgetArgs } from "./fleet-args";
import type { Functions } from "./functions";
import type { IngressFailures } from "./ingress-routes";
import { savedQueries } from "./log-queries";
import type { Place } from "./place";
import type { Queue } from "./queue";
import { fleetTag } from "./tags";
import type { Tags } from "./tags";

export interface ObservabilityArgs {
  readonly fleet: string;
  readonly functions: Functions;
  readonly queue: Queue;
  readonly ingressFailures: IngressFailures;
  readonly topicArn: pulumi.Input<string> | undefined;
  readonly sweepIntervalMs: number;
  readonly dashboard: boolean;
  readonly budget: BudgetArgs | undefined;
  readonly place: Place;
  readonly tags: Tags;
}

export class Observability extends pulumi.ComponentResource {
  constructor(name: string, args: ObservabilityArgs, opts?: pulumi.ComponentResourceOptions) {
    super("onejob:index:Observability", name, {}, opts);
    const { fleet, functions, budget } = args;
    createAlarms(name, args, this);
    for (const { title, query, functions: of } of savedQueries) {
      new aws.cloudwatch.QueryDefinition(
        `${name}-${title.replaceAll(" ", "-")}`,
        {
          name: `onejob/${fleet}/${title}`,
          queryString: query,
          logGroupNames: of.map((role) => functions.logGroups[role].name),
        },
        { parent: this },
      );
    }
    if (args.dashboard) {
      new aws.cloudwatch.Dashboard(
        name,
        { dashboardName: `onejob-${fleet}`, dashboardBody: dashboardBody(args) },
        { parent: this },
      );
    }
    if (budget !== undefined) createBudget(name, { ...args, budget }, this);
    this.registerOutputs({});
  }
}

/** Counts nothing before the tag `onejob:fleet` was activated once as a cost allocation tag of the account. */
function createBudget(
  name: string,
  { fleet, budget, tags }: ObservabilityArgs & { readonly budget: BudgetArgs },
  parent: Observability,
): void {
  const notification = { comparisonOperator: "GREATER_THAN", thresholdType: "PERCENTAGE" };
  const subscriberEmailAddresses = [budget.email];
  new aws.budgets.Budget(
    name,
    {
      budgetType: "COST",
      timeUnit: "MONTHLY",
      limitAmount: String(budget.monthlyUsd),
      limitUnit: "USD",
      costFilters: [{ name: "TagKeyValue", values: [`user:${fleetTag}$${fleet}`] }],
      notifications: [
        { ...notification, notificationType: "ACTUAL", threshold: 80, subscriberEmailAddresses },
        { ...notification, notificationType: "FORECASTED", threshold: 100, subscriberEmailAddresses },
      ],
      tags,
    },
    { parent },
  );
}
