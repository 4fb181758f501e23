import { decideShare, hasRoomForAll, roomOf, type ShareRequest } from "../../runtime/core/fleet-share";
import type { FleetRecord } from "../../runtime/core/model";

const empty: FleetRecord = { shares: {}, hungry: [], draining: false, version: 1 };
const request = (changes: Partial<ShareRequest> = {}): ShareRequest => ({
  profile: "a",
  live: 0,
  growth: 1,
  hungry: false,
  limit: 4,
  roomForAll: false,
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

  const limits = new Map([
    ["a", 3],
    ["b", 1],
  ]);

  it.each([
    { why: "all limits together fit in", fleet: empty, max: 4, isRoom: true },
    { why: "they do not", fleet: empty, max: 3, isRoom: false },
    { why: "one holds more than its limit", fleet: { ...empty, shares: { b: share(2, 1) } }, max: 4, isRoom: false },
    {
      why: "one that is no more still holds some",
      fleet: { ...empty, shares: { c: share(1, 1) } },
      max: 4,
      isRoom: false,
    },
    { why: "it is draining", fleet: { ...empty, draining: true }, max: 9, isRoom: false },
  ])("has room for all or not: $why", ({ fleet, max, isRoom }) => {
    expect(hasRoomForAll(limits, fleet, max)).toBe(isRoom);
  });

  describe("with room for all", () => {
    const roomy = (changes: Partial<ShareRequest> = {}) => request({ limit: 3, roomForAll: true, ...changes });
    const whole = { ...empty, shares: { a: share(3, 5) } };

    it("is taken whole by the first launch, and then neither grows nor shrinks", () => {
      expect(decideShare(empty, roomy())).toMatchObject({ kind: "granted", next: { shares: { a: share(3, 6) } } });
      expect(decideShare(whole, roomy({ planner: 8 }))).toEqual({ kind: "granted", next: undefined, told: [] });
      expect(decideShare(whole, roomy({ planner: 8, growth: 0 }))).toEqual({
        kind: "granted",
        next: undefined,
        told: [],
      });
    });

    it("is not taken by one that makes nothing", () => {
      expect(decideShare(empty, roomy({ growth: 0 }))).toEqual({ kind: "granted", next: undefined, told: [] });
    });

    it("is lowered to a limit that was lowered, and never below what is there", () => {
      const lowered = (live: number) => decideShare(whole, roomy({ planner: 8, growth: 0, limit: 1, live }));
      expect(lowered(0)).toMatchObject({ next: { shares: { a: share(1, 8) } } });
      expect(lowered(2)).toMatchObject({ next: { shares: { a: share(2, 8) } } });
    });
  });
});
