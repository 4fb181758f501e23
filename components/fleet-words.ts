/** What a fleet tells whoever deploys it: addresses, what to do next, what it costs. */
import * as pulumi from "@pulumi/pulumi";
import { costWarning } from "./cost";
import type { IdleCost } from "./cost";
import type { CheckedFleet } from "./fleet-problems";
import type { Ingress } from "./ingress";

type Urls = pulumi.Output<Readonly<Record<string, string>>>;

/** By source. */
export function webhookUrlsOf({ settings }: CheckedFleet, { webhookUrl }: Ingress): Urls {
  const names = settings.sources.flatMap(({ name, kind }) => (kind === "github" ? [name] : []));
  return webhookUrl.apply((url) => Object.fromEntries(names.map((source) => [source, `${url}/webhooks/${source}`])));
}

export function nextStep(fleet: string, secrets: readonly string[]): string {
  return secrets.length === 0 ? `onejob doctor --fleet ${fleet}` : `onejob secrets check --fleet ${fleet}`;
}

export function warnOfCost(cost: IdleCost, fleet: pulumi.Resource): void {
  const warning = costWarning(cost);
  // Said to whoever previews, not written to our log: what it costs belongs into the sentence.
  const { log: engine } = pulumi;
  if (warning !== undefined) void engine.warn(warning, fleet);
}
