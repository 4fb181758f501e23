import { nearestWord } from "../../runtime/core/settings-nearest";

const known = ["listen", "maxRunners", "maxWebhookBytes", "idle", "kind"];

describe("nearestWord", () => {
  it.each([
    ["maxRuners", "maxRunners"],
    ["maxrunners", "maxRunners"],
    ["max_runners", "maxRunners"],
    ["lisen", "listen"],
    ["idel", undefined],
    ["idl", "idle"],
    ["kinds", "kind"],
    ["banana", undefined],
    ["", undefined],
    ["x".repeat(10_000), undefined],
  ])("takes %.20j for %j", (given, meant) => {
    expect(nearestWord(given, known)).toBe(meant);
  });
});
