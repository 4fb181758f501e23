import { readLimits, skewOf } from "../../../runtime/sources/github/limits";
import { noon } from "../../fixtures/records";

interface Given {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly text?: string;
  /** The server's clock, in seconds ahead of ours. */
  readonly ahead?: number;
}

function read({ status, headers = {}, text = "", ahead = 0 }: Given) {
  const date = new Date(noon + ahead * 1_000).toUTCString();
  return readLimits({ status, headers: new Headers({ date, ...headers }), text }, noon);
}

const secondary = '{"message":"You have exceeded a secondary rate limit and have been temporarily blocked"}';
const second = 1_000;
const reset = (seconds: number) => String(noon / 1_000 + seconds);

describe("an answer that says too fast", () => {
  it.each<[string, Given, number | null]>([
    ["seconds", { status: 429, headers: { "retry-after": "7" } }, 7 * second],
    ["seconds, with 403", { status: 403, headers: { "retry-after": "7" } }, 7 * second],
    ["a date", { status: 429, headers: { "retry-after": new Date(noon + 90_000).toUTCString() } }, 90 * second],
    [
      "a date by a clock an hour ahead",
      { status: 429, headers: { "retry-after": new Date(noon + 3_690_000).toUTCString() }, ahead: 3_600 },
      90 * second,
    ],
    ["nothing", { status: 429 }, 60 * second],
    ["nothing but words", { status: 403, text: secondary }, 60 * second],
    ["the older words", { status: 403, text: "You have triggered an abuse detection mechanism" }, 60 * second],
    ["nonsense", { status: 429, headers: { "retry-after": "soon" } }, 60 * second],
    ["a negative number", { status: 429, headers: { "retry-after": "-5" } }, 60 * second],
    ["0", { status: 429, headers: { "retry-after": "0" } }, 1 * second],
    ["the past", { status: 429, headers: { "retry-after": new Date(noon - 90_000).toUTCString() } }, 1 * second],
    ["a year", { status: 429, headers: { "retry-after": "31536000" } }, 3_600 * second],
    [
      "a spent primary limit",
      { status: 403, headers: { "x-ratelimit-remaining": "0", "x-ratelimit-reset": reset(600) } },
      600 * second,
    ],
    [
      "a spent primary limit by a clock an hour behind",
      { status: 403, headers: { "x-ratelimit-remaining": "0", "x-ratelimit-reset": reset(-3_000) }, ahead: -3_600 },
      600 * second,
    ],
    [
      "both, of which what is asked for counts",
      { status: 429, headers: { "retry-after": "5", "x-ratelimit-remaining": "0", "x-ratelimit-reset": reset(600) } },
      5 * second,
    ],
  ])("and names %s is believed", (_case, given, wait) => {
    expect((read(given).retryAt ?? 0) - noon).toBe(wait);
  });

  it.each<[string, Given]>([
    ["a missing right", { status: 403, text: '{"message":"Resource not accessible by integration"}' }],
    ["a missing right with much left", { status: 403, headers: { "x-ratelimit-remaining": "4999" } }],
    ["a success with Retry-After", { status: 200, headers: { "retry-after": "9" } }],
    ["a success that was the last one", { status: 200, headers: { "x-ratelimit-remaining": "0" } }],
    ["an absence", { status: 404, text: secondary }],
  ])("is not: %s", (_case, given) => {
    expect(read(given).retryAt).toBeNull();
  });
});

describe("the primary limit", () => {
  const shown = { "x-ratelimit-limit": "5000", "x-ratelimit-remaining": "4900", "x-ratelimit-reset": reset(1_800) };

  it("is read in our time", () => {
    const primary = { limit: 5_000, remaining: 4_900, resetAt: noon + 1_800_000 };
    expect(read({ status: 200, headers: shown }).primary).toEqual(primary);
    const late = { ...shown, "x-ratelimit-reset": reset(1_800 + 3_600) };
    expect(read({ status: 200, headers: late, ahead: 3_600 }).primary).toEqual(primary);
  });

  it.each([
    ["is not shown", {}],
    ["is of another resource", { ...shown, "x-ratelimit-resource": "actions_runner_registration" }],
    ["is half shown", { "x-ratelimit-limit": "5000" }],
    ["is nonsense", { ...shown, "x-ratelimit-remaining": "many" }],
  ])("that %s is none", (_case, headers) => {
    expect(read({ status: 200, headers }).primary).toBeNull();
  });
});

describe("the difference of the clocks", () => {
  it("is what the answer's date says, and unknown without one", () => {
    expect(skewOf(new Headers({ date: new Date(noon + 60_000).toUTCString() }), noon)).toBe(60_000);
    expect(skewOf(new Headers({ date: "today" }), noon)).toBeNull();
    expect(skewOf(new Headers(), noon)).toBeNull();
  });
});
