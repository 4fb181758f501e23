/** Values that have broken programs before. */
import type { Dice } from "./dice";

const words = [
  ...["", " ", "0", "-1", "null", "undefined", "NaN", "true", "[object Object]", "__proto__", "constructor"],
  ...[
    "prototype",
    "hasOwnProperty",
    "toString",
    "then",
    "length",
    ".",
    "..",
    "../..",
    "/",
    "//",
    "\\",
    "%",
    "%00",
    "%zz",
  ],
  ...[
    "\0",
    "a\0b",
    "\r\n",
    "\n",
    "\t",
    "\u001b[2J",
    "\u007f",
    "\u0085",
    "\u2028",
    "\u202e",
    "\ufeff",
    "\u200b",
    "\u0301",
  ],
  ...["\ud800", "\udfff", "a\ud83d", "\ud83d\ude00", "İ", "ß", "ﬃ", "é", "e\u0301", "\uffff", "𝕊", "Ǆ"],
  ...[
    "' OR 1=1 --",
    "<script>",
    "${x}",
    "{{x}}",
    "$(x)",
    "`x`",
    "!!js/function",
    "*a",
    "&a",
    "#",
    "?",
    "@",
    ":",
    "|",
    ">",
  ],
  ...[
    "api/local/01JD",
    "onejob-",
    "http://[",
    "https://127.0.0.1/1/2/3",
    "2026-02-30T00:00:00Z",
    "0001-01-01T00:00:00Z",
  ],
  ...["9007199254740993", "1e400", "0x10", "٣", "1,000", "1_000", "-0", "+5", "1.5h", "10 minutes", "99999999999d"],
];

/** JSON as text, such as `JSON.stringify` never writes. */
const fragments = [
  ...["null", "true", "false", "0", "-0", "-1", "1.5", "1e999", "-1e999", "1e-999", "9007199254740993", "1E400"],
  ...[
    "123456789012345678901234567890",
    "00",
    "+1",
    ".5",
    "NaN",
    "Infinity",
    "undefined",
    "'a'",
    "[]",
    "{}",
    "[[]]",
    "{",
  ],
  ...[
    '""',
    '"\\ud800"',
    '"\\u0000"',
    '"\\x00"',
    '"\u0000"',
    '{"__proto__":{"a":1}}',
    '{"constructor":{"prototype":{}}}',
  ],
  ...['{"a":1,"a":2}', "[1,]", "{,}", "//", "/**/0", "[null]", '["",""]', '{"":""}', '"', "\ufeff0", "0 0"],
];

const longest = 70_000;

export function oddText(dice: Dice): string {
  if (dice.percent(70)) return dice.pick(words);
  if (dice.percent(60)) return Array.from({ length: 1 + dice.below(6) }, () => dice.pick(words)).join("");
  const unit = dice.pick(["a", "é", "\ud83d\ude00", "/", "../", "%2e", " ", "\\", '"', "0", "-", "[", "a,"]);
  const times = dice.pick([64, 100, 255, 256, 300, 1_024, 2_049, 4_097, 65_537]);
  return unit.repeat(times).slice(0, longest);
}

/** Any code points, halves of pairs too. */
export function anyText(dice: Dice, most = 12): string {
  const highest = dice.pick([0x7f, 0x7f, 0xff, 0xffff]);
  return Array.from({ length: dice.below(most + 1) }, () => String.fromCharCode(dice.below(highest + 1))).join("");
}

export function oddNumber(dice: Dice): number {
  const near = dice.pick([
    0,
    1,
    64,
    255,
    256,
    500,
    1_000_000,
    2 ** 31,
    2 ** 32,
    2 ** 53,
    1e15,
    8.64e15,
    Number.MAX_VALUE,
  ]);
  return dice.pick([near, near - 1, near + 1, -near, near / 3]);
}

export function oddJson(dice: Dice): string {
  if (dice.percent(60)) return dice.pick(fragments);
  if (dice.percent(50)) return JSON.stringify(oddText(dice));
  if (dice.percent(50)) return String(oddNumber(dice));
  const depth = dice.pick([10, 100, 1_000, 10_000]);
  const [open, close] = dice.pick([
    ["[", "]"],
    ['{"a":', "}"],
    ["[{", "}]"],
  ]);
  // The last one is cut off.
  return open.repeat(depth) + dice.pick(["", "1", '"x"']) + close.repeat(dice.percent(90) ? depth : depth - 1);
}
