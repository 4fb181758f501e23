import { noon } from "../fixtures/records";
import type { FaultName } from "./faults";
import { Progress, progressLine } from "./progress";
import { figuresOf, lastLine, reportOf } from "./report";
import { Tally, type Ran } from "./tally";

const ran = (seed: number, changes: Partial<Ran> = {}): Ran => ({
  ...{ scenario: { seed, jobs: 10 }, jobs: 12, tookMs: 3 * 3_600_000, violation: undefined },
  faults: new Map<FaultName, number>([
    ["restart", 1],
    ["quota", 2],
  ]),
  ...changes,
});
const broke = (seed: number): Ran =>
  ran(seed, { violation: { promise: "I6", at: noon, what: "3 runners wait for 1 job", names: [] } });

function tallyOf(...all: readonly Ran[]): Tally {
  const tally = new Tally();
  for (const one of all) tally.add(one);
  return tally;
}

describe("the report of many seeds", () => {
  it("ends with the line that scripts read", () => {
    const report = reportOf(tallyOf(ran(1), broke(2)), 2_000);
    expect(report.split("\n").at(-1)).toBe("seeds 2, jobs 24, faults 6, violations 1");
  });

  it("has this line for nothing, too", () => {
    expect(lastLine(new Tally())).toBe("seeds 0, jobs 0, faults 0, violations 0");
  });

  it("counts the faults by class and kind, and those that never came", () => {
    const report = reportOf(tallyOf(ran(1), ran(2)), 2_000);
    expect(report).toMatch(/^host +crash-before +0 {2}/m);
    expect(report).toMatch(/^ +restart +2 {2}/m);
    expect(report).toMatch(/^ +quota +4 {2}/m);
  });

  it("leaves out what did not come in a single seed", () => {
    expect(reportOf(tallyOf(ran(1)), 2_000)).not.toContain("crash-before");
  });

  it("says how much time passed there, and how fast it went here", () => {
    expect(reportOf(tallyOf(...[1, 2, 3, 4, 5, 6, 7, 8, 9].map((seed) => ran(seed))), 2_000)).toContain(
      "27.0 hours of virtual time in 2.0 s, 54 jobs/s",
    );
  });

  it("names what failed in the order of the seeds, each with the command that repeats it", () => {
    const report = reportOf(tallyOf(broke(9), ran(3), broke(4)), 1_000);
    expect(report.match(/--seed \d+ --jobs 10/g)).toEqual(["--seed 4 --jobs 10", "--seed 9 --jobs 10"]);
  });

  it("does not name hundreds", () => {
    const report = reportOf(tallyOf(...Array.from({ length: 300 }, (_, seed) => broke(seed))), 1_000);
    expect(report).toContain("and 280 more failing seeds");
  });

  it("counts a seed that could not be run among the violations", () => {
    const tally = tallyOf(ran(1));
    tally.addBroken({ seed: 2, jobs: 10 }, "Error: no such thing");
    expect(reportOf(tally, 1_000)).toContain("seed 2 could not be run: Error: no such thing");
    expect(lastLine(tally)).toBe("seeds 2, jobs 12, faults 3, violations 1");
  });

  it("gives the same figures to programs", () => {
    expect(JSON.parse(JSON.stringify(figuresOf(tallyOf(ran(1), broke(2)), 2_000)))).toMatchObject({
      ...{ seeds: 2, jobs: 24, faults: 6, violations: 1, virtualMs: 21_600_000, wallMs: 2_000, jobsPerSecond: 12 },
      faultsByClass: { host: { restart: 2, "crash-after": 0 }, cloud: { quota: 4 } },
      failures: [{ promise: "I6", scenario: { seed: 2 }, again: "npm run simulate -- --seed 2 --jobs 10" }],
    });
  });
});

describe("its progress", () => {
  it("says how far it is, how fast, and what is left", () => {
    const tally = tallyOf(ran(1), broke(2));
    expect(progressLine(tally, { of: 10, ms: 1_000 })).toBe("2/10 seeds, 24 jobs/s, 1 violations, 4 s left");
    expect(progressLine(new Tally(), { of: 10, ms: 1_000 })).toBe("0/10 seeds, 0 jobs/s, 0 violations");
  });

  it.each([
    { isTTY: true, shown: "\r\u001B[Kseed 1 fails\n\r\u001B[K" },
    { isTTY: false, shown: "seed 1 fails\n" },
  ])("leaves no trace of a bar behind a line that stays (terminal: $isTTY)", ({ isTTY, shown }) => {
    let written = "";
    const screen = { isTTY, write: (text: string) => (written += text) };
    const progress = new Progress(new Tally(), 10, { screen, now: () => 0 });
    written = "";
    progress.say("seed 1 fails");
    progress.end();
    expect(written).toBe(shown);
  });
});
