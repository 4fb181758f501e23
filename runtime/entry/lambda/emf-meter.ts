/**
 * The `Meter` of a function: CloudWatch's embedded metric format, written when an invocation ends and only when something
 * was counted, so a fleet without work has no metrics. What a metric is kept by stands in `core/metrics.ts`; its other
 * labels are fields to search for. @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */
import { keptMetrics, metricsNamespace, type GaugeName, type MetricName } from "../../core/metrics";
import type { Clock, Meter } from "../../core/ports";
import { toStdout, type WriteLine } from "./json-lines";

export interface EmfMeter extends Meter {
  /** How many there are at this moment; 0 is not worth a metric. */
  gauge(name: GaugeName, value: number): void;
  /** Writes what was counted since the last time. */
  flush(): void;
}

export interface EmfMeterOptions {
  readonly fleet: string;
  readonly fn: string;
  readonly clock: Clock;
  readonly write?: WriteLine;
}

type Labels = Readonly<Record<string, string>>;

interface Series {
  readonly name: MetricName;
  readonly labels: Labels;
  readonly values: number[];
}

/** The most values of one metric in one line; each line has one metric, where a hundred are allowed. */
const valuesPerLine = 100;
/** CloudWatch's, in characters. */
const longestLabel = 1_024;

export function emfMeter({ fleet, fn, clock, write = toStdout }: EmfMeterOptions): EmfMeter {
  const series = new Map<string, Series>();
  const valuesOf = (name: Series["name"], labels: Labels): number[] => {
    const key = JSON.stringify([name, Object.entries(labels).sort()]);
    const known = series.get(key) ?? { name, labels, values: [] };
    series.set(key, known);
    return known.values;
  };
  return {
    count(name, labels, by = 1) {
      const values = valuesOf(name, labels);
      values[0] = (values[0] ?? 0) + by;
    },
    observe(name, seconds, labels = {}) {
      valuesOf(name, labels).push(seconds);
    },
    gauge(name, value) {
      if (value > 0) valuesOf(name, {})[0] = value;
    },
    flush() {
      const at = clock.now();
      for (const { name, labels, values } of series.values())
        for (let from = 0; from < values.length; from += valuesPerLine) {
          const some = values.slice(from, from + valuesPerLine);
          const _aws = { Timestamp: at, CloudWatchMetrics: [directiveOf(name, labels)] };
          // One number is found by its name in the log; of a list each would have a name of its own.
          const value = some.length === 1 ? some[0] : some;
          write(JSON.stringify({ ...shortened(labels), _aws, fleet, function: fn, [name]: value }));
        }
      series.clear();
    },
  };
}

/** A value nobody knows of is counted without it, so that what somebody makes up makes no metrics. */
function directiveOf(name: Series["name"], labels: Labels) {
  const { unit, by } = keptMetrics[name];
  const isKnown = by !== undefined && by.values.includes(labels[by.label] ?? "");
  const Dimensions = [["fleet", ...(isKnown ? [by.label] : [])]];
  return { Namespace: metricsNamespace, Dimensions, Metrics: [{ Name: name, Unit: unit }] };
}

function shortened(labels: Labels): Labels {
  return Object.fromEntries(Object.entries(labels).map(([label, value]) => [label, value.slice(0, longestLabel)]));
}
