import { follow } from "./follow";
import type { Line } from "./story";

const lines = (...texts: string[]): Line[] =>
  texts.map((text, ms) => ({ ms, who: text.split(" ")[0] ?? "", what: text }));
const told = (story: readonly Line[], names: readonly string[], most?: number) =>
  follow(story, names, most).lines.map(({ what }) => what);
/** So many that nothing is told for want of better. */
const noise = (count: number) => Array.from({ length: count }, (_, index) => `forge job f${900 + index} is queued`);

describe("the story of some names", () => {
  it("follows a job to its runner, from there to its launch, and to who else had it", () => {
    const story = lines(
      ...["onejob job admitted job=gh/forge.example/f1", "cloud machine 000000b of launch 000000a starts"],
      ...["onejob machine launched launch=000000a runner=000000b", "forge job f1 is success on onejob-000000b"],
      ...["forge job f2 is queued", ...noise(40)],
    );
    const about = told(story, ["gh/forge.example/f1"]);
    expect(about.slice(0, 4)).toEqual(story.slice(0, 4).map(({ what }) => what));
    expect(about).not.toContain("forge job f2 is queued");
  });

  it("does not take f12 for f1", () => {
    const story = lines("forge job f12 is queued", "forge job f1 is queued", ...noise(40));
    expect(told(story, ["f1"])).not.toContain("forge job f12 is queued");
  });

  it("is not led astray by a line that names everybody", () => {
    const all = Array.from({ length: 20 }, (_, index) => `gh/forge.example/f${index}`);
    const story = lines("forge job f7 is queued", `onejob delivery received jobs=${all.join(",")}`, ...noise(40));
    expect(told(story, ["f3"])).not.toContain("forge job f7 is queued");
    expect(told(story, ["f3"])).toContain(story[1]?.what);
  });

  it("has the faults that hit nobody by name, as they hit everybody", () => {
    const story = lines("FAULT restart#1: the whole server dies", "forge job f1 is queued", ...noise(40));
    expect(told(story, ["f1"])).toContain("FAULT restart#1: the whole server dies");
  });

  it("keeps the last lines, and says how many it left out", () => {
    const story = lines(...Array.from({ length: 500 }, (_, index) => `forge job f1 turn ${index}`));
    const { lines: kept, leftOut } = follow(story, ["f1"], 120);
    expect([kept.length, leftOut, kept.at(-1)?.what]).toEqual([120, 380, "forge job f1 turn 499"]);
  });

  it("tells what came last where the names say little", () => {
    expect(told(lines(...noise(50)), ["fleet"]).at(-1)).toBe("forge job f949 is queued");
  });
});
