import { decideShare, roomOf, type ShareRequest } from "../../runtime/core/fleet-share";
import type { FleetRecord } from "../../runtime/core/model";

const empty: FleetRecord = { shares: {}, hungry: [], draining: false, version: 1 };
const request = (changes: Partial<ShareRequest> = {}): ShareRequest => ({
  profile: "a",
  live: 0,
  growth: 1,
  hungry: false,
  planner: 5,
  maxRunners: 4,
  now: 0,
  ...changes,
});
const share = (runners: number, planner: number) => ({ runners, planner, at: 0 });

describe("sharing the fleet's limit", () => {
  it("leaves to a profile what the others may not hold, and nothing while draining", () => {
    const fleet = { ...empty, shares: { a: share(3, 1), b: share(1, 1) } };
    expect(roomOf("a", fleet, 4)).toBe(3);
    expect(roomOf("b", fleet, 4)).toBe(1);
    expect(roomOf("b", { ...fleet, draining: true }, 4)).toBe(0);
  });

  it("writes a growing share under the version its record is about to have", () => {
    expect(decideShare(empty, request())).toMatchObject({ kind: "granted", next: { shares: { a: share(1, 6) } } });
  });

  it("writes it even when the number stays, so that a slower planner cannot lower it afterwards", () => {
    const fleet = { ...empty, shares: { a: share(1, 3) } };
    const faster = decideShare(fleet, request());
    expect(faster).toMatchObject({ next: { shares: { a: share(1, 6) } } });
    const after = { ...fleet, shares: { a: share(1, 6) } };
    expect(decideShare(after, request({ growth: 0 }))).toEqual({ kind: "outdated", since: 0 });
  });

  it("refuses to lower what a newer decision wrote, also while yielding", () => {
    const fleet = { ...empty, shares: { a: share(2, 6) }, hungry: ["b"] };
    expect(decideShare(fleet, request())).toEqual({ kind: "outdated", since: 0 });
  });

  it("never lets two profiles together pass the limit", () => {
    const fleet = { ...empty, shares: { b: share(4, 1) } };
    expect(decideShare(fleet, request())).toEqual({ kind: "full" });
  });

  it("lets a profile grow only at the head of those that wait for room", () => {
    const fleet = { ...empty, hungry: ["b"] };
    expect(decideShare(fleet, request())).toMatchObject({ kind: "yielded", told: ["b"], next: { hungry: ["b", "a"] } });
    expect(decideShare(fleet, request({ profile: "b" }))).toMatchObject({ kind: "granted", next: { hungry: [] } });
  });

  it("sends the head that grew and wants more to the end", () => {
    const fleet = { ...empty, hungry: ["a", "b"] };
    expect(decideShare(fleet, request({ hungry: true }))).toMatchObject({
      kind: "granted",
      next: { hungry: ["b", "a"] },
      told: ["b"],
    });
  });

  it("tells those who wait when room is given back, and writes nothing when nothing changed", () => {
    const fleet = { ...empty, shares: { a: share(2, 5) }, hungry: ["b"] };
    expect(decideShare(fleet, request({ live: 1, growth: 0 }))).toMatchObject({ kind: "granted", told: ["b"] });
    expect(decideShare(fleet, request({ live: 2, growth: 0 }))).toEqual({ kind: "granted", next: undefined, told: [] });
  });
});
