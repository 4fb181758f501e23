/** Makes a hostile neighbour of something valid: byte by byte, word by word, or along the structure of JSON. */
import type { Dice } from "./dice";
import { oddJson, oddText } from "./odd";

const telling = [0x00, 0x01, 0x09, 0x0a, 0x0d, 0x20, 0x22, 0x2c, 0x2d, 0x2f, 0x3a, 0x5b, 0x5c, 0x7b, 0x7f, 0x80, 0xff];

type Change = (bytes: Buffer, dice: Dice) => Buffer;

/** Some changes to anywhere; `others` lend pieces of themselves. */
export function mutateBytes(bytes: Uint8Array, dice: Dice, others: readonly Uint8Array[] = []): Buffer {
  let changed: Buffer = Buffer.from(bytes);
  for (let left = 1 + dice.few(6); left > 0; left -= 1) {
    const lender = others.length > 0 && dice.percent(15) ? dice.pick(others) : null;
    changed = lender === null ? dice.pick(changes)(changed, dice) : lend(changed, lender, dice);
  }
  return changed;
}

const changes: readonly Change[] = [
  (bytes, dice) => withByte(bytes, dice, (byte) => byte ^ (1 << dice.below(8))),
  (bytes, dice) => withByte(bytes, dice, () => dice.pick(telling)),
  (bytes, dice) => withByte(bytes, dice, () => dice.below(256)),
  (bytes, dice) => withByte(bytes, dice, (byte) => byte + dice.pick([1, -1])),
  (bytes, dice) => replace(bytes, piece(bytes, dice), Buffer.alloc(0)),
  (bytes, dice) => replace(bytes, { at: dice.below(bytes.length + 1), length: 0 }, dice.bytes(1 + dice.few(20))),
  (bytes, dice) => replace(bytes, piece(bytes, dice), Buffer.from(oddText(dice))),
  (bytes, dice) => bytes.subarray(0, dice.below(bytes.length + 1)),
  (bytes, dice) => lend(bytes, bytes, dice),
  (bytes, dice) => replace(bytes, piece(bytes, dice), Buffer.alloc(dice.few(600), dice.pick(telling))),
];

interface Piece {
  readonly at: number;
  readonly length: number;
}

function piece(bytes: Uint8Array, dice: Dice): Piece {
  const at = dice.below(bytes.length + 1);
  return { at, length: Math.min(bytes.length - at, dice.percent(70) ? dice.below(9) : dice.below(bytes.length + 1)) };
}

function replace(bytes: Buffer, { at, length }: Piece, by: Uint8Array): Buffer {
  return Buffer.concat([bytes.subarray(0, at), by, bytes.subarray(at + length)]);
}

function lend(bytes: Buffer, lender: Uint8Array, dice: Dice): Buffer {
  const { at, length } = piece(lender, dice);
  return replace(bytes, piece(bytes, dice), lender.subarray(at, at + length));
}

function withByte(bytes: Buffer, dice: Dice, change: (byte: number) => number): Buffer {
  const at = dice.below(bytes.length);
  const byte = bytes[at];
  if (byte === undefined) return bytes;
  const copy = Buffer.from(bytes);
  copy[at] = change(byte) & 0xff;
  return copy;
}

const wordOrRest = /[A-Za-z0-9_-]+|\s+|[^A-Za-z0-9_\s-]/g;

/** Words go, come twice, change places, or become odd ones. */
export function mutateWords(text: string, dice: Dice, vocabulary: readonly string[] = []): string {
  const words = text.match(wordOrRest) ?? [];
  for (let left = 1 + dice.few(5); left > 0 && words.length > 0; left -= 1) {
    const [at, other] = [dice.below(words.length), dice.below(words.length)];
    const [word, elsewhere] = [words[at] ?? "", words[other] ?? ""];
    const known = vocabulary.length > 0 ? dice.pick(vocabulary) : elsewhere;
    words[at] = dice.pick([
      "",
      word + word,
      elsewhere,
      known,
      oddText(dice),
      `${word}${dice.pick(["\n", " ", ":", "-"])}`,
    ]);
  }
  return words.join("");
}

/** JSON text of a value in which a few places became something else: gone, doubled, of another kind, too large. */
export function mutateJson(value: unknown, dice: Dice): string {
  const count = countPlaces(value);
  const chosen = new Set(Array.from({ length: 1 + dice.few(4) }, () => dice.below(count)));
  let seen = -1;
  const write = (place: unknown): string => {
    seen += 1;
    if (!chosen.has(seen)) return writePlain(place, write);
    const plain = writePlain(place, write);
    return dice.percent(60)
      ? oddJson(dice)
      : dice.pick([`[${plain}]`, `{"a":${plain}}`, `${plain},${plain}`, "", plain]);
  };
  return disturbKeys(write(value), dice);
}

/** `undefined` is left out, as JSON does. */
function writePlain(value: unknown, write: (place: unknown) => string): string {
  if (Array.isArray(value)) return `[${value.map(write).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  const pairs = Object.entries(value).filter(([, held]) => held !== undefined);
  return `{${pairs.map(([key, held]) => `${JSON.stringify(key)}:${write(held)}`).join(",")}}`;
}

function countPlaces(value: unknown): number {
  if (typeof value !== "object" || value === null) return 1;
  return Object.values(value).reduce<number>((sum, held) => sum + countPlaces(held), 1);
}

/** Sometimes a key comes twice, is renamed, or is one that every object has. */
function disturbKeys(text: string, dice: Dice): string {
  if (!dice.percent(25)) return text;
  const key = `${dice.pick(['"__proto__"', '"constructor"', '"toString"', '""', JSON.stringify(oddText(dice))])}:`;
  const keys = [...text.matchAll(/"[\w-]{1,40}":/g)];
  const met = keys.length === 0 ? undefined : dice.pick(keys);
  if (met === undefined) return text;
  const rest = text.slice(met.index + met[0].length);
  const before = text.slice(0, met.index);
  const twice = `${before}${met[0]}${oddJson(dice)},${met[0]}${rest}`;
  return dice.pick([`${before}${key}${rest}`, `${before}${key}${oddJson(dice)},${met[0]}${rest}`, twice]);
}
