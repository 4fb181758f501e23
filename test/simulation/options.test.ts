import { faultNames, faults } from "./faults";
import { commandFor, readOptions, UsageError } from "./options";
import type { Scenario } from "./scenario";

const read = (...args: string[]) => readOptions(args, { cores: 4 });

describe("the command line", () => {
  it("asks for a hundred seeds of 200 jobs with all faults, without a word", () => {
    expect(read()).toMatchObject({ workers: 2, shrink: true, story: false });
    expect(read().scenarios).toHaveLength(100);
    expect(read().scenarios[0]).toEqual({ seed: 1, jobs: 200 });
  });

  it("takes seeds from a first one on", () => {
    expect(read("--seeds", "3", "--from", "40").scenarios.map(({ seed }) => seed)).toEqual([40, 41, 42]);
  });

  it.each([
    { list: "all", kinds: undefined },
    { list: "none", kinds: [] },
    { list: "quota,restart", kinds: ["restart", "quota"] },
    { list: "ledger", kinds: faultNames.filter((name) => faults[name].class === "ledger") },
    {
      list: "people,ledger-error",
      kinds: ["ledger-error", "cancel", "overlong", "drain", "reload", "rerun", "approval"],
    },
  ])("takes the faults $list", ({ list, kinds }) => {
    expect(read("--faults", list).scenarios[0]?.faults).toEqual(kinds);
  });

  it("has no more threads than cores, nor than seeds", () => {
    expect(read("--workers", "16").workers).toBe(4);
    expect(read("--workers", "4", "--seeds", "3").workers).toBe(3);
  });

  it.each([
    { args: ["--seeds", "0"], says: "--seeds 0" },
    { args: ["--jobs", "many"], says: "--jobs many" },
    { args: ["--from=-1"], says: "--from -1" },
    { args: ["--workers", "1.5"], says: "--workers 1.5" },
    { args: ["--faults", "webhook-lots"], says: "webhook-lost" },
    { args: ["--faults", ""], says: "all, none" },
    { args: ["--seed", "4", "--seeds", "9"], says: "leave --seeds and --from away" },
    { args: ["--only", "restart#1"], says: "--only needs --seed" },
    { args: ["--arrivals", "3"], says: "--arrivals needs --seed" },
    { args: ["--seed", "4", "--arrivals", "f3"], says: "such as 3,17" },
    { args: ["--story"], says: "--story needs --seed" },
    { args: ["--seed", "4", "--only", "restart"], says: "crash-after#12" },
    { args: ["--seed", "4", "--only", "toString#1"], says: "crash-after#12" },
    { args: ["--without", "nothing-like-it"], says: "--without nothing-like-it" },
    { args: ["--sedes", "9"], says: "--sedes" },
    { args: ["nine"], says: "nine" },
  ])("refuses $args", ({ args, says }) => {
    expect(() => read(...args)).toThrow(UsageError);
    expect(() => read(...args)).toThrow(says);
  });

  it.each<Scenario>([
    { seed: 7, jobs: 20 },
    { seed: 7, jobs: 20, faults: [] },
    { seed: 7, jobs: 20, faults: ["quota", "cancel"] },
    { seed: 7, jobs: 30, arrivals: [3, 17] },
    { seed: 7, jobs: 3, only: ["crash-after#12", "restart#1"] },
  ])("reads the command that repeats %j as just that", (scenario) => {
    const words = commandFor(scenario).replaceAll("'", "").split(" ").slice(4);
    expect(read(...words).scenarios).toEqual([scenario]);
  });
});
