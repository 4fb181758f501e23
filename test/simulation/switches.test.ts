/** Each safety is worth something: without it the simulator breaks a promise, within the number of seeds stated for it. */
import { misses, switchNames } from "./switch-table";

describe.each(switchNames)("without %s", (name) => {
  it("a promise is broken, and the simulator sees it in as many seeds as are stated", async () => {
    const { seed, violation } = await misses(name);
    expect({ seed, promise: violation?.promise }).toEqual({
      seed: expect.any(Number) as number,
      promise: expect.stringMatching(/^I\d+$/) as string,
    });
  }, 120_000);
});
