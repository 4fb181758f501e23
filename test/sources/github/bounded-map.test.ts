import { boundedMap } from "../../../runtime/sources/github/bounded-map";

describe("a bounded memory", () => {
  it("forgets what was not used for longest, and nothing while there is room", () => {
    const memory = boundedMap<number>(2);
    memory.set("a", 1);
    memory.set("b", 2);
    expect(memory.get("a")).toBe(1);
    memory.set("c", 3);
    expect([memory.get("a"), memory.get("b"), memory.get("c")]).toEqual([1, undefined, 3]);
  });

  it("replaces without forgetting another", () => {
    const memory = boundedMap<boolean>(2);
    memory.set("a", true);
    memory.set("b", false);
    memory.set("b", true);
    expect([memory.get("a"), memory.get("b")]).toEqual([true, true]);
  });
});
