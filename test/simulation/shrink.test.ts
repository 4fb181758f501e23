import { noon } from "../fixtures/records";
import { Costs } from "./costs";
import type { PromiseName } from "./judge";
import type { Arrival, Scenario } from "./scenario";
import { shrink } from "./shrink";
import type { Outcome } from "./simulate";

const happening = [...ids("crash-after", 40), ...ids("webhook-lost", 30), ...ids("quota", 30)];

function ids(kind: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${kind}#${index + 1}`);
}

const arrivalOf = (index: number): Arrival => ({
  ...{ index, kind: "api", afterMs: 0, durationMs: 1, exitCode: 0, large: false, run: "run0", retries: 0 },
  whims: new Set(),
});

/** A world in which it is known what it takes. */
function worldWhere(
  breaks: (jobs: number, happened: ReadonlySet<string>, arrivals: readonly number[]) => PromiseName | undefined,
) {
  const asked: Scenario[] = [];
  const run = (scenario: Scenario): Promise<Outcome> => {
    asked.push(scenario);
    const { jobs, faults: kinds, only } = scenario;
    const arrivals = scenario.arrivals ?? Array.from({ length: jobs }, (_, index) => index);
    const happened = happening.filter(
      (id) => (kinds?.some((kind) => id.startsWith(kind)) ?? true) && (only?.includes(id) ?? true),
    );
    const promise = breaks(jobs, new Set(happened), arrivals);
    return Promise.resolve({
      ...{
        scenario,
        jobs,
        happened,
        faults: new Map(),
        spent: new Costs().spent,
        crashes: new Map(),
        steps: 1,
        tookMs: 1,
        story: undefined,
      },
      plan: {
        host: "process",
        profileCap: 1,
        fleetCap: 1,
        pace: { sweepMs: 1, leaseMs: 1 },
        market: { spot: "preferred", onInterruption: "rerun", tells: true },
        arrivals: arrivals.map(arrivalOf),
      },
      violation: promise && { promise, at: noon, what: "", names: [] },
    });
  };
  return { run, asked };
}

const two = (_jobs: number, happened: ReadonlySet<string>, arrivals: readonly number[]) =>
  arrivals.includes(6) && happened.has("crash-after#17") && happened.has("quota#3") ? "I6" : undefined;

describe("shrinking", () => {
  const whole: Scenario = { seed: 1, jobs: 200 };

  it("finds the fewest jobs, and the faults that it takes", async () => {
    const { run } = worldWhere(two);
    const { outcome } = await shrink(await run(whole), { run });
    expect(outcome.scenario).toEqual({ seed: 1, jobs: 7, arrivals: [6], only: ["crash-after#17", "quota#3"] });
    expect(outcome.violation?.promise).toBe("I6");
  });

  it("needs few runs for it", async () => {
    const { run } = worldWhere(two);
    expect((await shrink(await run(whole), { run })).runs).toBeLessThan(80);
  });

  it("asks for the same runs in the same order each time", async () => {
    const asked = [worldWhere(two), worldWhere(two)].map(async ({ run, asked }) => {
      await shrink(await run(whole), { run });
      return asked;
    });
    expect(await asked[0]).toEqual(await asked[1]);
  });

  it("keeps a turned-off safety, without which nothing breaks", async () => {
    const { run } = worldWhere(two);
    const without = "some safety" as NonNullable<Scenario["without"]>;
    const { outcome } = await shrink(await run({ ...whole, without }), { run });
    expect(outcome.scenario.without).toBe(without);
  });

  it("finds that no fault is needed", async () => {
    const { run } = worldWhere(() => "I3");
    const { outcome } = await shrink(await run(whole), { run });
    expect(outcome.scenario).toEqual({ seed: 1, jobs: 1, faults: [] });
  });

  it("does not take another broken promise for this one", async () => {
    const { run } = worldWhere((jobs, happened, arrivals) => two(jobs, happened, arrivals) ?? "I1");
    const { outcome } = await shrink(await run(whole), { run });
    expect(outcome.scenario.jobs).toBe(7);
  });

  it("ends after so many runs, with the smallest so far", async () => {
    const { run, asked } = worldWhere(two);
    const failing = await run(whole);
    const { outcome, runs } = await shrink(failing, { run, mostRuns: 5 });
    expect([runs, asked.length]).toEqual([5, 6]);
    expect(outcome.violation?.promise).toBe("I6");
    expect(outcome.scenario.jobs).toBeLessThan(200);
  });

  it("ends when it is late", async () => {
    const { run } = worldWhere(two);
    expect(await shrink(await run(whole), { run, isLate: () => true })).toMatchObject({ runs: 0 });
  });
});
