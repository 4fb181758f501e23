import { jobEvent, jobFacts, type Told } from "../../../runtime/sources/github/job-events";
import { readJobDocument } from "../../../runtime/sources/github/job-document";
import { noon } from "../../fixtures/records";
import { someSource } from "./source-bench";

const minute = 60_000;
const at = (ms: number) => new Date(noon + ms).toISOString();

interface Given {
  readonly told: Told;
  readonly job?: Readonly<Record<string, unknown>>;
  readonly skewMs?: number | null;
}

function eventOf({ told, job = {}, skewMs = null }: Given) {
  const document = readJobDocument({ id: 71, run_id: 31, labels: ["linux"], name: "test", ...job }, "job");
  const place = { scope: "acme", repository: "acme/widgets", fork: null, receivedAt: noon };
  const facts = jobFacts(someSource("https://github.com"), document, place);
  return jobEvent(told, document, { facts, delivery: "d", receivedAt: noon, skewMs });
}

describe("the end of a job", () => {
  const ran = { runner_name: "onejob-a" };
  it.each([
    ["success", ran, "finished", true],
    ["failure", ran, "finished", false],
    ["timed_out", ran, "finished", false],
    ["action_required", ran, "finished", false],
    ["stale", {}, "finished", false],
    ["startup_failure", {}, "finished", false],
    [null, ran, "finished", false],
    ["neutral", ran, "finished", true],
    ["skipped", ran, "finished", true],
    ["neutral", {}, "cancelled", null],
    ["skipped", { runner_name: "" }, "cancelled", null],
    ["cancelled", {}, "cancelled", null],
    ["cancelled", ran, "cancelled", null],
    ["something GitHub thinks of tomorrow", ran, "finished", false],
  ] as const)("with conclusion %j and %j is %s, succeeded: %j", (...[conclusion, runner, kind, succeeded]) => {
    const event = eventOf({ told: "completed", job: { conclusion, ...runner } });
    expect([event.kind, event.succeeded]).toEqual([kind, succeeded]);
  });

  it("names the runner, also of a job that was cancelled on it", () => {
    const event = eventOf({ told: "completed", job: { conclusion: "cancelled", ...ran } });
    expect(event.runnerName).toBe("onejob-a");
  });

  it("says when the job had started, where a runner took it", () => {
    const times = { started_at: at(-9 * minute), completed_at: at(-2 * minute), conclusion: "success" };
    expect(eventOf({ told: "completed", job: { ...times, ...ran } }).startedAt).toBe(noon - 9 * minute);
    expect(eventOf({ told: "completed", job: times })).not.toHaveProperty("startedAt");
  });

  it("keeps how long the job took, whatever the forge's clock says", () => {
    const times = { started_at: at(300 * minute), completed_at: at(340 * minute), conclusion: "success" };
    const event = eventOf({ told: "completed", job: { ...times, ...ran } });
    expect([event.startedAt, event.at]).toEqual([noon - 40 * minute, noon]);
  });

  it("says nothing of a start that no job can have had: no run is older than 35 days", () => {
    const times = { started_at: at(-1 * minute), completed_at: "6021-08-05T10:38:16Z", conclusion: "success" };
    expect(eventOf({ told: "completed", job: { ...times, ...ran } }).startedAt).toBeUndefined();
  });

  it("never lies before its start", () => {
    const times = { started_at: at(-1 * minute), completed_at: at(-2 * minute), conclusion: "success" };
    const event = eventOf({ told: "completed", job: { ...times, ...ran } });
    expect(event.startedAt).toBeLessThanOrEqual(event.at);
  });
});

describe("when it happened", () => {
  it.each([
    ["as the forge says", at(-1 * minute), null, -1 * minute],
    ["not after we heard of it", at(60 * minute), null, 0],
    [
      "not more than ten minutes before, where nobody knows how wrong the forge's clock is",
      at(-60 * minute),
      null,
      -10 * minute,
    ],
    ["when we heard of it, where the forge does not say", undefined, null, 0],
    ["when we heard of it, where the forge says nonsense", "yesterday", null, 0],
    ["when we heard of it, where the forge writes the year 1 for no time at all", "0001-01-01T00:00:00Z", 0, 0],
    ["in our time, where the difference of the clocks is known", at(55 * minute), 60 * minute, -5 * minute],
    ["long ago, where the clocks are known to agree", at(-600 * minute), 0, -600 * minute],
    ["not after we heard of it even so", at(1), -60 * minute, 0],
  ] as const)("is %s", (...[, startedAt, skewMs, difference]) => {
    const event = eventOf({ told: "in_progress", job: { started_at: startedAt, runner_name: "r" }, skewMs });
    expect(event.at - noon).toBe(difference);
  });

  it("is for a queued job when we heard of it: it may have waited for an approval before", () => {
    const event = eventOf({ told: "queued", job: { created_at: at(-3 * minute), started_at: at(-3 * minute) } });
    expect([event.at, event.facts.createdAt]).toEqual([noon, noon - 3 * minute]);
  });

  it("puts no creation into the future", () => {
    expect(eventOf({ told: "queued", job: { created_at: at(60 * minute) } }).facts.createdAt).toBe(noon);
  });

  it("takes an old server that does not tell the creation", () => {
    expect(eventOf({ told: "queued" }).facts.createdAt).toBe(noon);
  });

  it.each(["0001-01-01T00:00:00Z", "1969-12-31T23:59:59Z"])("puts no creation before 1970: %s", (created_at) => {
    expect(eventOf({ told: "queued", job: { created_at } }).facts.createdAt).toBe(noon);
  });
});

describe("a runner's name", () => {
  it("is no fact of a job that is only queued, though old payloads carry one", () => {
    expect(eventOf({ told: "queued", job: { runner_name: "GitHub Actions 5" } }).runnerName).toBeNull();
  });

  it("is null where it is empty", () => {
    expect(eventOf({ told: "in_progress", job: { runner_name: "" } }).runnerName).toBeNull();
  });
});
