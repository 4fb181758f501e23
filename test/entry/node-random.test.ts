import { nodeRandom } from "../../runtime/entry/host/node-random";
import { noon } from "../fixtures/records";

describe("randomness", () => {
  it("makes ids of lower-case letters and digits", () => {
    expect(nodeRandom.id(40)).toMatch(/^[a-z0-9]{40}$/);
    expect(nodeRandom.id(0)).toBe("");
    expect(new Set(Array.from({ length: 100 }, () => nodeRandom.id(12))).size).toBe(100);
  });

  it("makes ULIDs that sort by time and differ within a moment", () => {
    expect(nodeRandom.ulid(noon)).toMatch(/^[0-7][0-9A-HJKMNP-TV-Z]{25}$/);
    expect(nodeRandom.ulid(noon) < nodeRandom.ulid(noon + 1)).toBe(true);
    expect(new Set(Array.from({ length: 100 }, () => nodeRandom.ulid(noon))).size).toBe(100);
  });

  it("writes the time of a ULID as its specification does", () => {
    expect(nodeRandom.ulid(1_469_918_176_385).slice(0, 10)).toBe("01ARYZ6S41");
    expect(nodeRandom.ulid(2 ** 48 - 1).slice(0, 10)).toBe("7ZZZZZZZZZ");
  });

  it("makes fractions from 0 to below 1", () => {
    const some = Array.from({ length: 200 }, () => nodeRandom.fraction());
    expect(some.every((fraction) => fraction >= 0 && fraction < 1)).toBe(true);
    expect(new Set(some).size).toBeGreaterThan(190);
  });
});
