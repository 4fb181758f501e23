import { OnejobError } from "../../../runtime/core/errors";
import { keptMetrics, mostMetrics, type MetricName } from "../../../runtime/core/metrics";
import type { CounterName, HistogramName } from "../../../runtime/core/ports";
import { emfMeter } from "../../../runtime/entry/lambda/emf-meter";
import { jsonLines } from "../../../runtime/entry/lambda/json-lines";
import { noon } from "../../fixtures/records";

const bench = () => {
  const lines: string[] = [];
  const parsed = () => lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  return { write: (line: string) => void lines.push(line), lines, parsed };
};

describe("the log of a function", () => {
  const logOf = (level?: string) => {
    const { write, parsed, lines } = bench();
    return { log: jsonLines({ fn: "work", request: () => "r-1", write, level }), parsed, lines };
  };

  it("is one JSON line per sentence, with function, request and fields", () => {
    const { log, parsed } = logOf();
    log.info("job admitted", { job: "gh/1", labels: ["a"] });
    expect(parsed()).toEqual([
      {
        ...{ level: "info", message: "job admitted", function: "work", request: "r-1", job: "gh/1", labels: ["a"] },
        timestamp: expect.stringMatching(/^\d{4}-.*Z$/) as string,
      },
    ]);
  });

  it("lets no field pass for what it says by itself", () => {
    const { log, parsed } = logOf();
    log.warn("said", { level: "debug", function: "another", timestamp: "never" });
    expect(parsed()).toMatchObject([{ level: "warn", function: "work" }]);
  });

  it.each([
    { level: undefined, said: ["info", "warn", "error"] },
    { level: "debug", said: ["debug", "info", "warn", "error"] },
    { level: "error", said: ["error"] },
    { level: "nonsense", said: ["debug", "info", "warn", "error"] },
  ])("says from $level on", ({ level, said }) => {
    const { log, parsed } = logOf(level);
    for (const severity of ["debug", "info", "warn", "error"] as const) log[severity]("said");
    expect(parsed().map((line) => line["level"])).toEqual(said);
  });

  it("tells an error with its causes, and a stack only where nobody expected it", () => {
    const { log, parsed } = logOf();
    log.error("failed", { error: new OnejobError("not-stored", "x", { cause: new Error("why") }) });
    const [line] = parsed();
    expect(line?.["error"]).toMatchObject({
      code: "not-stored",
      cause: { message: "why", stack: expect.any(String) as string },
    });
    expect(line?.["error"]).not.toHaveProperty("stack");
  });

  it("says at least its sentence when a field cannot be written", () => {
    const { log, parsed } = logOf();
    const circle: Record<string, unknown> = {};
    circle["circle"] = circle;
    log.error("failed", { circle, big: 1n });
    expect(parsed()).toMatchObject([{ message: "failed" }]);
  });
});

interface MetricLine extends Readonly<Record<string, unknown>> {
  readonly _aws: {
    readonly Timestamp: number;
    readonly CloudWatchMetrics: readonly {
      readonly Namespace: string;
      readonly Dimensions: readonly (readonly string[])[];
      readonly Metrics: readonly { readonly Name: string; readonly Unit: string }[];
    }[];
  };
}

describe("the metrics of a function", () => {
  const meterOf = (fleet = "f") => {
    const { write, parsed, lines } = bench();
    const meter = emfMeter({ fleet, fn: "work", clock: { now: () => noon }, write });
    return { meter, parsed: () => parsed() as MetricLine[], lines };
  };
  const dimensionsOf = (line: MetricLine) => line._aws.CloudWatchMetrics.flatMap(({ Dimensions }) => Dimensions);

  it("write nothing when nothing was counted, and nothing of none", () => {
    const { meter, parsed } = meterOf();
    meter.gauge("onejob_runners", 0);
    meter.flush();
    expect(parsed()).toEqual([]);
  });

  it("add up what has the same labels, in one line by fleet and outcome, and begin anew", () => {
    const { meter, parsed } = meterOf();
    meter.count("onejob_launches_total", { outcome: "launched" }, 2);
    meter.count("onejob_launches_total", { outcome: "launched" });
    meter.flush();
    meter.flush();
    expect(parsed()).toEqual([
      {
        ...{ fleet: "f", function: "work", outcome: "launched", onejob_launches_total: 3 },
        _aws: {
          Timestamp: noon,
          CloudWatchMetrics: [
            {
              Namespace: "Onejob",
              Dimensions: [["fleet", "outcome"]],
              Metrics: [{ Name: "onejob_launches_total", Unit: "Count" }],
            },
          ],
        },
      },
    ]);
  });

  it("keep other labels apart, whatever their order", () => {
    const { meter, parsed } = meterOf();
    meter.count("onejob_webhooks_total", { source: "gh", outcome: "accepted" });
    meter.count("onejob_webhooks_total", { outcome: "accepted", source: "gh" });
    meter.count("onejob_webhooks_total", { source: "gh", outcome: "refused" });
    meter.flush();
    expect(parsed().map((line) => line["onejob_webhooks_total"])).toEqual([2, 1]);
  });

  it("say the last of what was there at a moment", () => {
    const { meter, parsed } = meterOf();
    meter.gauge("onejob_runners", 7);
    meter.gauge("onejob_runners", 5);
    meter.flush();
    expect(parsed().map((line) => line["onejob_runners"])).toEqual([5]);
  });

  it("give every value that was observed, a hundred in a line", () => {
    const { meter, parsed } = meterOf();
    for (let n = 0; n < 202; n++) meter.observe("onejob_queue_to_start_seconds", n / 7, {});
    meter.flush();
    const values = parsed().map((line) => [line["onejob_queue_to_start_seconds"]].flat());
    expect(values.map(({ length }) => length)).toEqual([100, 100, 2]);
    expect(values.flat()).toHaveLength(202);
  });

  /** @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html */
  it("hold to CloudWatch's limits, whatever is counted: 30 dimensions, 100 metrics, 256 KB, milliseconds", () => {
    const { meter, parsed, lines } = meterOf("f".repeat(31));
    for (let n = 0; n < 150; n++) {
      meter.observe("onejob_stage_seconds", Math.PI * 1e15, { stage: "booted" });
      meter.count("onejob_webhooks_total", { source: `${n}`.padEnd(300_000, "x"), outcome: "accepted" });
    }
    meter.flush();
    expect(Math.max(...lines.map((line) => Buffer.byteLength(line)))).toBeLessThan(256 * 1024);
    for (const line of parsed()) {
      expect(line._aws.Timestamp).toBe(noon);
      const directives = line._aws.CloudWatchMetrics;
      expect(directives.flatMap(({ Metrics }) => Metrics).length).toBeLessThanOrEqual(100);
      for (const dimension of dimensionsOf(line).flat())
        expect(String(line[dimension]).length).toBeLessThanOrEqual(1_024);
    }
  });

  it("are as many as are known before, whatever labels are made up", () => {
    const { meter, parsed } = meterOf();
    const names = Object.keys(keptMetrics) as MetricName[];
    for (const name of names) {
      const { by } = keptMetrics[name];
      for (const value of [...(by?.values ?? []), "made up", "another"])
        if (/_total$/.test(name)) meter.count(name as CounterName, { [by?.label ?? "kind"]: value, source: value });
        else if (/_seconds$/.test(name)) meter.observe(name as HistogramName, 1, { [by?.label ?? "x"]: value });
    }
    meter.gauge("onejob_runners", 1);
    meter.flush();
    const billed = new Set(
      parsed().flatMap((line) =>
        dimensionsOf(line).map((names) => {
          const [metric] = line._aws.CloudWatchMetrics.flatMap(({ Metrics }) => Metrics);
          return JSON.stringify([metric?.Name, names.map((name) => [name, line[name]])]);
        }),
      ),
    );
    const wild = names.filter((name) => keptMetrics[name].by !== undefined).length;
    // What has a label that nobody knows is counted under its fleet alone.
    expect(billed.size).toBe(mostMetrics + wild);
    expect([...billed].filter((key) => key.includes("made up"))).toEqual([]);
  });
});
