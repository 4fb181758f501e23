import { Pairs } from "../../../runtime/compute/ec2/pairing";
import type { FoundInstance } from "../../../runtime/compute/ec2/instances";

const found = (id: string, tags: Readonly<Record<string, string>>): FoundInstance => ({ id, state: "running", tags });

it("never gives one machine to two runners, whatever AWS answers", () => {
  const pairs = new Pairs(["a", "b", "c"]);
  pairs.give(["i-1", "i-2"], { written: false });
  pairs.give(["i-2", "i-1"], { written: false });
  expect(pairs.missing).toEqual(["c"]);
  pairs.give(["i-1", "i-3", "i-4"], { written: false });
  expect(pairs.unwritten).toEqual([
    ["a", "i-1"],
    ["b", "i-2"],
    ["c", "i-3"],
  ]);
});

it("gives machines that were found in the order of the calls that made them, then of their ids", () => {
  const pairs = new Pairs(["a", "b", "c"]);
  const [late, early] = [{ "onejob:attempt": "10" }, { "onejob:attempt": "2" }];
  pairs.adopt([found("i-1", late), found("i-3", early), found("i-2", early)]);
  expect(["a", "b", "c"].map((runner) => pairs.machineOf(runner))).toEqual(["i-2", "i-3", "i-1"]);
});

it("leaves every machine that says whose it is to that runner, also to one that nobody asks for now", () => {
  const pairs = new Pairs(["a", "b"]);
  pairs.adopt([
    found("i-1", { "onejob:runner:i-1": "z" }),
    found("i-2", { "onejob:runner:i-2": "b" }),
    found("i-3", {}),
  ]);
  expect(pairs.unwritten).toEqual([["a", "i-3"]]);
  expect(pairs.machineOf("b")).toBe("i-2");
});

it("takes no notice of what another machine's tag says", () => {
  const pairs = new Pairs(["a"]);
  pairs.adopt([found("i-1", { "onejob:runner:i-2": "a" })]);
  expect(pairs.unwritten).toEqual([["a", "i-1"]]);
});
