/** Packed folders, from what honest writers write to what none would: entry by entry, header by header, byte by byte. */
import { gzipSync } from "node:zlib";
import { hostileBundles } from "../fixtures/hostile-bundles";
import { endMark, gnuLong, pax, tarOf, withChecksum, type RawEntry } from "../fixtures/tar-bytes";
import type { Dice } from "./dice";
import { mutateBytes } from "./mutate";
import { anyText, oddNumber, oddText } from "./odd";

const packed = hostileBundles.map(({ bytes }) => bytes).filter(({ length }) => length < 20_000);

/** `outside`: where absolute paths lead. */
export function hostileArchive(dice: Dice, outside: string): Buffer {
  const kind = dice.below(100);
  if (kind < 3) return dice.pick(packed);
  if (kind < 8) return mutateBytes(dice.pick(packed), dice, packed);
  const tar = archive(dice, outside);
  const changed = kind < 60 ? tar : changedHeaders(tar, dice);
  const gzip = kind < 90 ? zip(changed, dice) : mutateBytes(zip(changed, dice), dice, packed);
  return kind < 97 ? gzip : Buffer.concat([gzip, dice.pick([gzip, Buffer.alloc(9), dice.bytes(5), gzipSync("")])]);
}

/** Mostly stored as it is: squeezing takes longest. */
function zip(tar: Buffer, dice: Dice): Buffer {
  const halves = dice.percent(95) ? [tar] : [tar.subarray(0, 700), tar.subarray(700)];
  return Buffer.concat(halves.map((half) => gzipSync(half, { level: dice.percent(90) ? 0 : 6 })));
}

function archive(dice: Dice, outside: string): Buffer {
  const parts = Array.from({ length: 1 + dice.few(9) }, () => part(dice, outside)).flat();
  return tarOf(...parts, ...(dice.percent(95) ? [endMark] : []));
}

/** The same few names meet again and again, in every role. */
const names = [
  "a",
  "b",
  "a/b",
  "a/b/c",
  "a/",
  "./a",
  "l",
  "l/x",
  "l/..",
  "A",
  "é",
  "e\u0301",
  ".",
  "./",
  "a//b",
  "x/y/z",
];

function name(dice: Dice, outside: string): string {
  if (dice.percent(80)) return dice.pick(names);
  return dice.pick([oddText(dice), anyText(dice), `../${dice.pick(names)}`, outside, `a/../../${dice.pick(names)}`]);
}

function target(dice: Dice, outside: string): string {
  if (dice.percent(60)) return dice.pick(names);
  return dice.pick(["..", "../a", "a/../..", "b/../a", "l/../..", "../..", outside, "a/..", "", oddText(dice)]);
}

function part(dice: Dice, outside: string): readonly (RawEntry | Uint8Array)[] {
  const entry = entryOf(dice, outside);
  if (dice.percent(75)) return [entry];
  const records = {
    path: name(dice, outside),
    linkpath: target(dice, outside),
    size: String(dice.pick([0, 1, 511, 512, oddNumber(dice)])),
    mtime: dice.pick(["1", "1e3", "-1", "99999999999999999999", "0x1f"]),
    "GNU.sparse.major": "1",
    [oddText(dice).slice(0, 100)]: oddText(dice),
  };
  const chosen = Object.entries(records).filter(() => dice.percent(30));
  return dice.pick([
    [pax(Object.fromEntries(chosen)), entry],
    [pax(Object.fromEntries(chosen), "g"), entry],
    [gnuLong("L", name(dice, outside)), entry],
    [gnuLong("K", target(dice, outside)), entry],
    [gnuLong("L", "n".repeat(dice.below(5_000))), entry],
    [pax({ path: Buffer.concat([Buffer.from("a"), dice.bytes(dice.below(6))]) }), entry],
    [Buffer.alloc(512), entry],
  ]);
}

function entryOf(dice: Dice, outside: string): RawEntry {
  const type = dice.pick(["0", "0", "0", "5", "5", "2", "2", "1", "1", "\0", "7", oddType(dice)]);
  const hasContent = dice.percent(10) || (["0", "7", "\0"].includes(type) && dice.percent(60));
  return {
    ...{ path: name(dice, outside), type, mode: dice.pick([0o644, 0o755, 0, 0o7777, 0o777, 0o4755]) },
    ...(["1", "2"].includes(type) || dice.percent(5) ? { linkpath: target(dice, outside) } : {}),
    ...(hasContent ? { content: dice.bytes(dice.pick([0, 1, 20, 511, 512, 513, 1_100])) } : {}),
    ...(dice.percent(3) ? { size: dice.pick([-1, 2 ** 33, 2n ** 62n, 1, 512]) } : {}),
    mtime: dice.pick([0, 1_600_000_000, 8 ** 11 - 1]),
  };
}

function oddType(dice: Dice): string {
  return dice.pick(["3", "4", "6", "S", "s", "M", "V", "N", "D", "x", "g", "L", "K", "Z", " ", "\xff"]);
}

/** With the sum made right again most times, or nothing else of the header is looked at. */
function changedHeaders(tar: Buffer, dice: Dice): Buffer {
  const copy = Buffer.from(tar);
  const blocks = Math.max(1, Math.floor(copy.length / 512));
  for (let left = 1 + dice.few(4); left > 0; left -= 1) {
    const block = copy.subarray(512 * dice.below(blocks)).subarray(0, 512);
    const [from, to] = dice.pick(fields);
    mutateBytes(block.subarray(from, to), dice).copy(block, from, 0, to - from);
    if (block.length === 512 && dice.percent(85)) withChecksum(block);
  }
  return dice.percent(85) ? copy : mutateBytes(copy, dice);
}

/** Name, mode, size, time, sum, type, target, magic, prefix. */
const fields = [
  [0, 100],
  [100, 108],
  [124, 136],
  [124, 136],
  [136, 148],
  [148, 156],
  [156, 157],
  [157, 257],
  [257, 265],
  [345, 500],
] as const;
