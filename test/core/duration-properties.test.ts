/** What a duration says in every way it may be written, and that nothing else is one. */
import fc from "fast-check";
import { formatDuration, parseDuration } from "../../runtime/core/duration";

const units = [
  { words: ["d", "day", "days"], ms: 86_400_000 },
  { words: ["h", "hour", "hours"], ms: 3_600_000 },
  { words: ["m", "minute", "minutes"], ms: 60_000 },
  { words: ["s", "second", "seconds"], ms: 1_000 },
  { words: ["ms", "millisecond", "milliseconds"], ms: 1 },
] as const;

interface Part {
  readonly text: string;
  readonly ms: number;
  readonly unit: number;
}

/** `007 hours`, `7h`: one amount of one unit. */
function partOf(unit: number): fc.Arbitrary<Part> {
  const { words, ms } = units[unit] ?? units[0];
  const written = fc.record({ word: fc.constantFrom(...words), gap: fc.constantFrom("", " "), zeros: fc.nat(2) });
  return fc.tuple(fc.nat(9_999), written).map(([amount, { word, gap, zeros }]) => ({
    text: `${"0".repeat(zeros)}${amount}${gap}${word}`,
    ms: amount * ms,
    unit,
  }));
}

const chosen = fc.subarray([0, 1, 2, 3, 4], { minLength: 1 });
const spelled = (order: fc.Arbitrary<number[]>): fc.Arbitrary<readonly Part[]> =>
  order.chain((all) => fc.tuple(...all.map(partOf)));
const inOrder = spelled(chosen);
const gap = fc.constantFrom("", " ");
const joined = (parts: readonly Part[], between: string): string => parts.map(({ text }) => text).join(between);
const runs = { numRuns: 500 };

describe("a duration", () => {
  it("is the sum of its parts, however they are written", () => {
    fc.assert(
      fc.property(inOrder, gap, (parts, between) => {
        const sum = parts.reduce((total, { ms }) => total + ms, 0);
        expect(parseDuration(joined(parts, between))).toBe(sum);
      }),
      runs,
    );
  });

  it("is none when a unit comes twice, or after a smaller one", () => {
    const disordered = fc
      .array(fc.nat(4), { minLength: 2, maxLength: 5 })
      .filter((all) => all.some((unit, at) => at > 0 && unit <= (all[at - 1] ?? -1)));
    fc.assert(
      fc.property(spelled(disordered), gap, (parts, between) => {
        expect(parseDuration(joined(parts, between))).toBeUndefined();
      }),
      runs,
    );
  });

  it("is none with anything but digits, small letters and spaces anywhere in it", () => {
    const foreign = fc
      .nat(0xffff)
      .map((unit) => String.fromCharCode(unit))
      .filter((letter) => /[^0-9a-z ]/.test(letter));
    const cuts = fc.tuple(inOrder, gap, fc.nat(60)).map(([parts, between, at]) => {
      const text = joined(parts, between);
      return [text.slice(0, at), text.slice(at)] as const;
    });
    fc.assert(
      fc.property(cuts, foreign, ([before, after], strange) => {
        expect(parseDuration(before + strange + after)).toBeUndefined();
      }),
      runs,
    );
  });

  it("is none with a word before or after it, or a space at either end", () => {
    const more = fc.constantFrom("in ", "about", " ago", " ", "  ", "x", "-", "1", " 1");
    fc.assert(
      fc.property(inOrder, more, (parts, word) => {
        const text = joined(parts, " ");
        expect(parseDuration(`${text}${word}`)).toBeUndefined();
        if (/\D$/.test(word)) expect(parseDuration(`${word}${text}`)).toBeUndefined();
      }),
      runs,
    );
  });

  it("is none without a unit, whatever the number", () => {
    fc.assert(
      fc.property(fc.oneof(fc.integer(), fc.double(), fc.bigInt()), (number) => {
        expect(parseDuration(String(number))).toBeUndefined();
      }),
      runs,
    );
  });

  it("is none when it is too long to be counted to the millisecond", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 1n << 80n }), fc.nat(4), (amount, unit) => {
        const { words, ms } = units[unit] ?? units[0];
        const exact = amount * BigInt(ms);
        const expected = exact <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(exact) : undefined;
        expect(parseDuration(`${amount}${words[0]}`)).toBe(expected);
      }),
      runs,
    );
  });

  it("is written by its largest units, none of which is nothing or as much as the next larger one", () => {
    const largest = { d: Infinity, h: 23, m: 59, s: 59, ms: 999 } as const;
    fc.assert(
      fc.property(fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), (ms) => {
        const parts = [...formatDuration(ms).matchAll(/(\d+)(ms|[dhms])/g)];
        expect(parts.map(([part]) => part).join("")).toBe(formatDuration(ms));
        for (const [, amount, unit] of parts) {
          expect(Number(amount)).toBeGreaterThan(0);
          expect(Number(amount)).toBeLessThanOrEqual(largest[unit as keyof typeof largest]);
        }
      }),
      runs,
    );
  });
});
