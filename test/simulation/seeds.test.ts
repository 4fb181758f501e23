import { failureText } from "./tell";
import { simulate } from "./simulate";

const all = 200;
const atOnce = 10;
const jobs = 20;

describe("all faults at once", () => {
  const firsts = Array.from({ length: all / atOnce }, (_, index) => 1 + index * atOnce);

  it.each(firsts)(`break no promise in the ${atOnce} seeds from %d`, async (first) => {
    const broken: string[] = [];
    for (let seed = first; seed < first + atOnce; seed += 1) {
      const outcome = await simulate({ seed, jobs });
      if (outcome.violation !== undefined) broken.push(failureText(outcome));
    }
    expect(broken).toEqual([]);
  });
});
