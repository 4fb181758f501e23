import fc from "fast-check";
import { formatDuration, parseDuration } from "../../runtime/core/duration";

const day = 86_400_000;

describe("parseDuration", () => {
  it.each([
    ["500ms", 500],
    ["90s", 90_000],
    ["10m", 600_000],
    ["6h", 21_600_000],
    ["7d", 7 * day],
    ["0s", 0],
    ["10 minutes", 600_000],
    ["1 hour", 3_600_000],
    ["1 day", day],
    ["2 seconds", 2_000],
    ["250 milliseconds", 250],
    ["10 m", 600_000],
    ["6h30m", 23_400_000],
    ["1 hour 30 minutes", 5_400_000],
    ["1d 2h 3m 4s 5ms", day + 7_384_005],
    ["007s", 7_000],
  ])("reads %j as %d ms", (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  it.each([
    "",
    " ",
    "10",
    "m",
    "-5m",
    "+5m",
    "1.5 minutes",
    "1,5m",
    "1e3s",
    "0x10s",
    "10 m x",
    "10m ",
    " 10m",
    "10  m",
    "10m\n",
    "10M",
    "10 Minutes",
    "30m6h",
    "5m5m",
    "1w",
    "5 minuten",
    "h6",
    "10 minutes ago",
    "9007199254740992ms",
    `${"9".repeat(400)}d`,
  ])("refuses %j", (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });

  it("gives a whole number of milliseconds or nothing, whatever the text", () => {
    const pieces = fc.constantFrom("1", "30", " ", ".", "-", "ms", "s", "m", "h", "d", "day", "minutes");
    const texts = fc.oneof(
      fc.string(),
      fc.array(pieces, { maxLength: 8 }).map((parts) => parts.join("")),
    );
    fc.assert(
      fc.property(texts, (text) => {
        const ms = parseDuration(text);
        expect(ms === undefined || (Number.isSafeInteger(ms) && ms >= 0)).toBe(true);
      }),
    );
  });
});

describe("formatDuration", () => {
  it.each([
    [0, "0s"],
    [500, "500ms"],
    [90_000, "1m30s"],
    [23_400_000, "6h30m"],
    [7 * day, "7d"],
    [1.9, "1ms"],
    [-5, "0s"],
  ])("writes %d ms as %j", (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });

  it("is read back to the same number", () => {
    fc.assert(fc.property(fc.maxSafeNat(), (ms) => expect(parseDuration(formatDuration(ms))).toBe(ms)));
  });
});
