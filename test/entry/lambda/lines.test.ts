import { OnejobError } from "../../../runtime/core/errors";
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
        time: expect.stringMatching(/^\d{4}-.*Z$/) as string,
      },
    ]);
  });

  it("lets no field pass for what it says by itself", () => {
    const { log, parsed } = logOf();
    log.warn("said", { level: "debug", function: "another", time: "never" });
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

describe("the metrics of a function", () => {
  const meterOf = () => {
    const { write, parsed } = bench();
    return { meter: emfMeter({ fleet: "f", fn: "work", clock: { now: () => noon }, write }), parsed };
  };

  it("write nothing when nothing was counted", () => {
    const { meter, parsed } = meterOf();
    meter.flush();
    expect(parsed()).toEqual([]);
  });

  it("add up what has the same labels, in one line by the fleet, and begin anew", () => {
    const { meter, parsed } = meterOf();
    meter.count("onejob_launches_total", { outcome: "launched" }, 2);
    meter.count("onejob_launches_total", { outcome: "launched" });
    meter.flush();
    meter.flush();
    expect(parsed()).toEqual([
      {
        ...{ fleet: "f", function: "work", outcome: "launched", onejob_launches_total: [3] },
        _aws: {
          Timestamp: noon,
          CloudWatchMetrics: [
            {
              Namespace: "Onejob",
              Dimensions: [["fleet"]],
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
    expect(parsed().map((line) => line["onejob_webhooks_total"])).toEqual([[2], [1]]);
  });

  it("give every value that was observed, a hundred in a line", () => {
    const { meter, parsed } = meterOf();
    for (let n = 0; n < 101; n++) meter.observe("onejob_queue_to_start_seconds", n);
    meter.flush();
    expect(parsed().map((line) => (line["onejob_queue_to_start_seconds"] as number[]).length)).toEqual([100, 1]);
  });
});
