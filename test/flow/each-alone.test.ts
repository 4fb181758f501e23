import { EachAlone } from "../../runtime/flow/each-alone";

const quiet = () => undefined;
const log = { debug: quiet, info: quiet, warn: quiet, error: quiet };

describe("what is done for many, side by side", () => {
  it("is done once for each, for eight at once, also when some fail", async () => {
    const alone = new EachAlone(log);
    const done: number[] = [];
    let [now, most] = [0, 0];
    const act = async (thing: number): Promise<void> => {
      most = Math.max(most, (now += 1));
      await new Promise((resolve) => setImmediate(resolve));
      now -= 1;
      done.push(thing);
      if (thing % 5 === 0) throw new Error("no");
    };
    const things = Array.from({ length: 30 }, (_, thing) => thing);
    await alone.runSideBySide(things, act, (thing) => ({ thing }));
    expect(done.sort((a, b) => a - b)).toEqual(things);
    expect(most).toBe(8);
    expect(() => alone.done("all")).toThrow("all failed in part");
  });
});
