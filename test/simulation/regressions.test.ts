import { regressions } from "./regressions";
import { tell } from "./tell";

describe("what the simulator once found", () => {
  it("has a name of its own for each", () => {
    const names = regressions.map(({ name }) => name);
    expect(names).toEqual([...new Set(names)]);
  });

  for (const { name, scenario } of regressions)
    it(name, async () => {
      expect(await tell(scenario)).toMatch(/^seed \d+ holds$/m);
    });
});
