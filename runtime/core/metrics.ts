/**
 * The metrics that are counted where something happens, with all values of those labels that CloudWatch keeps them by.
 * Bounded, because there each combination is billed as a metric of its own: names that people choose are never among them.
 */
import { stages } from "./model";
import type { CounterName, HistogramName, MachineOutcome } from "./ports";

export interface KeptMetric {
  readonly unit: "Count" | "Seconds";
  /** The one label that it is kept by, besides its fleet. */
  readonly by?: { readonly label: string; readonly values: readonly string[] };
}

/** Of a webhook. */
export const webhookOutcomes = ["accepted", "ignored", "duplicate", "refused", "not-stored", "not-ours"] as const;

/** Of a machine of a launch; the type knows whether one is missing. */
const outcomes: Readonly<Record<MachineOutcome["outcome"], true>> = {
  launched: true,
  "no-capacity": true,
  quota: true,
  throttled: true,
  misconfigured: true,
};
export const launchOutcomes = Object.keys(outcomes);

/** The last one of a job has no time of its own. */
export const timedStages = stages.slice(0, -1);

/** How many there are; a server of one's own looks when it is asked, a fleet with each sweep. */
export type GaugeName = "onejob_runners";
export type MetricName = CounterName | HistogramName | GaugeName;

export const keptMetrics: Readonly<Record<MetricName, KeptMetric>> = {
  onejob_webhooks_total: { unit: "Count", by: { label: "outcome", values: webhookOutcomes } },
  onejob_launches_total: { unit: "Count", by: { label: "outcome", values: launchOutcomes } },
  onejob_sweep_repairs_total: { unit: "Count" },
  onejob_runners: { unit: "Count" },
  onejob_queue_to_start_seconds: { unit: "Seconds" },
  onejob_stage_seconds: { unit: "Seconds", by: { label: "stage", values: timedStages } },
};

/** As many as a fleet can have. */
export const mostMetrics = Object.values(keptMetrics).reduce((sum, { by }) => sum + (by?.values.length ?? 1), 0);

export const metricsNamespace = "Onejob";
