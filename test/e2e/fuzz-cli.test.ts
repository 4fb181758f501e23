/** A few of the command lines that `npm run fuzz -- --targets cli` tries by the thousand. */
import { fuzz } from "../fuzz/run";
import { cli } from "../fuzz/targets/cli";

describe("the program, whatever it is given, ends with a code of its list, and never with a trace", () => {
  it.each([1, 2, 3, 4])("seed %i, ten command lines", async (seed) => {
    const { failures } = await fuzz(cli, { seed, from: 0, inputs: 10, limitMs: 50_000, tries: 0 });
    expect(failures).toEqual([]);
  });
});
