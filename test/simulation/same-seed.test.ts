import { Dice } from "./dice";
import { faultsOf, planOf, type Scenario } from "./scenario";
import { simulate } from "./simulate";
import { textOf } from "./story";

/** Both hosts are among them. */
const scenarios: readonly Scenario[] = [2, 3, 5, 8].map((seed) => ({ seed, jobs: 12 }));

describe("a seed", () => {
  it.each(scenarios)("is one history: the same steps, faults and story again ($seed)", async (scenario) => {
    const [first, second] = [
      await simulate(scenario, { withStory: true }),
      await simulate(scenario, { withStory: true }),
    ];
    expect(second).toMatchObject({ steps: first.steps, happened: first.happened, tookMs: first.tookMs });
    expect(textOf(second.story?.lines ?? [])).toBe(textOf(first.story?.lines ?? []));
  });

  it.each(scenarios)("is the same history whether or not its story is kept ($seed)", async (scenario) => {
    const [told, untold] = [await simulate(scenario, { withStory: true }), await simulate(scenario)];
    expect(untold).toMatchObject({ steps: told.steps, happened: told.happened, violation: told.violation });
  });

  it.each(scenarios)("is the same history when each of its faults is named ($seed)", async (scenario) => {
    const whole = await simulate(scenario);
    const named = await simulate({ ...scenario, only: whole.happened });
    expect(named).toMatchObject({ steps: whole.steps, happened: whole.happened, tookMs: whole.tookMs });
  });

  it("has every fault that strikes in its story", async () => {
    const { story, happened } = await simulate({ seed: 3, jobs: 12 }, { withStory: true });
    const told = (story?.lines ?? []).filter(({ who }) => who === "FAULT").map(({ what }) => what.split(/[ :]/)[0]);
    expect(told).toEqual(happened);
  });

  it("says what a fault hit, down to the call", async () => {
    const { story } = await simulate(
      { seed: 3, jobs: 40, faults: ["ledger-error", "crash-after"] },
      { withStory: true },
    );
    expect(textOf(story?.lines ?? [])).toMatch(/FAULT +\S+#\d+ on \w+[^,]*, in ledger\.\w+ \S+/);
  });

  it("has fewer jobs by leaving out the last ones", () => {
    const plan = (jobs: number) => {
      const scenario = { seed: 7, jobs };
      return planOf(scenario, new Dice({ seed: 7, kinds: faultsOf(scenario) }));
    };
    const [few, many] = [plan(5), plan(20)];
    expect(few).toEqual({ ...many, arrivals: many.arrivals.slice(0, 5) });
  });

  it("has the same jobs, and the same is done to them, when others are left out", () => {
    const plan = (arrivals?: readonly number[]) => {
      const scenario = { seed: 7, jobs: 12, ...(arrivals === undefined ? {} : { arrivals }) };
      return planOf(scenario, new Dice({ seed: 7, kinds: faultsOf(scenario) }));
    };
    const [all, some] = [plan(), plan([3, 8, 9])];
    expect(some).toEqual({ ...all, arrivals: all.arrivals.filter(({ index }) => [3, 8, 9].includes(index)) });
  });

  it("keeps the faults of one kind when another kind is taken away", () => {
    const drawn = (kinds: readonly ("quota" | "crash-after")[]) => {
      const dice = new Dice({ seed: 3, kinds: new Set(kinds) });
      for (let turn = 0; turn < 10_000; turn += 1) for (const kind of kinds) dice.strikes(kind);
      return dice.happened.filter((id) => id.startsWith("quota"));
    };
    expect(drawn(["crash-after", "quota"])).toEqual(drawn(["quota"]));
    expect(drawn(["quota"])).not.toEqual([]);
  });
});
