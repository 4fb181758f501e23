/**
 * The `Meter` of a function: CloudWatch's embedded metric format, written when an invocation ends and only when something
 * was counted. The one dimension is the fleet, as each further one is billed as a metric of its own; labels are fields to
 * search for. @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */
import type { Clock, Meter } from "../../core/ports";
import { toStdout, type WriteLine } from "./json-lines";

export interface EmfMeter extends Meter {
  /** Writes what was counted since the last time. */
  flush(): void;
}

export interface EmfMeterOptions {
  readonly fleet: string;
  readonly fn: string;
  readonly clock: Clock;
  readonly write?: WriteLine;
}

interface Series {
  readonly name: string;
  readonly unit: "Count" | "Seconds";
  readonly labels: Readonly<Record<string, string>>;
  readonly values: number[];
}

/** The most values of one metric in one line. */
const valuesPerLine = 100;

export function emfMeter({ fleet, fn, clock, write = toStdout }: EmfMeterOptions): EmfMeter {
  const series = new Map<string, Series>();
  const seriesOf = (fresh: Omit<Series, "values">): Series => {
    const key = JSON.stringify([fresh.name, Object.entries(fresh.labels).sort()]);
    const known = series.get(key) ?? { ...fresh, values: [] };
    series.set(key, known);
    return known;
  };
  return {
    count(name, labels, by = 1) {
      const { values } = seriesOf({ name, unit: "Count", labels });
      values[0] = (values[0] ?? 0) + by;
    },
    observe(name, seconds, labels = {}) {
      seriesOf({ name, unit: "Seconds", labels }).values.push(seconds);
    },
    flush() {
      for (const { name, unit, labels, values } of series.values())
        for (let from = 0; from < values.length; from += valuesPerLine) {
          const metric = { Namespace: "Onejob", Dimensions: [["fleet"]], Metrics: [{ Name: name, Unit: unit }] };
          const _aws = { Timestamp: clock.now(), CloudWatchMetrics: [metric] };
          write(
            JSON.stringify({ ...labels, _aws, fleet, function: fn, [name]: values.slice(from, from + valuesPerLine) }),
          );
        }
      series.clear();
    },
  };
}
