/** The 512 bytes before each entry of a tar archive, and the records of a pax header, byte by byte. */
import type { BundleEntryType } from "./bundle";
import { shown } from "./bundle-names";

export interface TarHeader {
  /** The type letter; "0" for the NUL of old writers. */
  readonly type: string;
  readonly entryType: BundleEntryType;
  /** The type in words, for people. */
  readonly typeText: string;
  /** Read late: where a longer name comes from another header, this one may be cut in the middle of a character. */
  readonly path: () => string | null;
  readonly linkpath: () => string | null;
  readonly size: number;
  readonly mode: number;
  readonly mtime: number;
}

const types: Readonly<Record<string, readonly [BundleEntryType, string]>> = {
  "0": ["file", "a file"],
  "1": ["hardlink", "a hard link"],
  "2": ["symlink", "a link"],
  "3": ["other", "a character device"],
  "4": ["other", "a block device"],
  "5": ["directory", "a folder"],
  "6": ["other", "a named pipe"],
  "7": ["file", "a file"],
  S: ["other", "a sparse file"],
  s: ["other", "a socket"],
};

/** What the header says, or what is wrong with it (to be read after "the header"). */
export function parseHeader(block: Uint8Array): TarHeader | string {
  if (number(block.subarray(148, 156)) !== checksum(block)) return "has a wrong checksum";
  const type = block[156] === 0 ? "0" : String.fromCharCode(block[156] ?? 0);
  const size = number(block.subarray(124, 136));
  const mode = number(block.subarray(100, 108));
  if (size === null) return "has no readable size";
  if (mode === null) return "has no readable mode";
  const [entryType, typeText] = types[type] ?? ["other", `of an unknown kind (tar type ${shown(type)})`];
  return {
    type,
    entryType,
    typeText,
    size,
    mode,
    mtime: number(block.subarray(136, 148)) ?? 0,
    path: () => join(prefixOf(block), textOf(block.subarray(0, 100))),
    linkpath: () => textOf(block.subarray(157, 257)),
  };
}

/** Only POSIX headers have one: GNU keeps times in the same place. */
function prefixOf(block: Uint8Array): string | null {
  const isPosix = String.fromCharCode(...block.subarray(257, 263)) === "ustar\0";
  return isPosix ? textOf(block.subarray(345, 500)) : "";
}

function join(prefix: string | null, name: string | null): string | null {
  if (prefix === null || name === null) return null;
  return prefix === "" ? name : `${prefix}/${name}`;
}

export function isZero(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0);
}

/** As the sum was made: with its own eight bytes taken for spaces. */
function checksum(block: Uint8Array): number {
  let sum = 8 * 32;
  for (let at = 0; at < block.length; at += 1) if (at < 148 || at >= 156) sum += block[at] ?? 0;
  return sum;
}

/** Octal digits, or the binary form for what does not fit; `null`: neither, negative, or too large to be exact. */
function number(field: Uint8Array): number | null {
  if (((field[0] ?? 0) & 0x80) !== 0) return binary(field);
  const text = String.fromCharCode(...field)
    .replace(/\0.*$/s, "")
    .trim();
  return /^[0-7]*$/.test(text) ? exact(parseInt(text === "" ? "0" : text, 8)) : null;
}

function binary(field: Uint8Array): number | null {
  if (field[0] !== 0x80) return null;
  let value = 0;
  for (const byte of field.subarray(1)) value = value * 256 + byte;
  return exact(value);
}

function exact(value: number): number | null {
  return Number.isSafeInteger(value) ? value : null;
}

/** Up to the first NUL; `null`: not UTF-8. */
export function textOf(bytes: Uint8Array): string | null {
  const end = bytes.indexOf(0);
  return decode(end < 0 ? bytes : bytes.subarray(0, end));
}

function decode(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

export interface PaxRecords {
  /** `null`: not UTF-8. */
  path?: string | null;
  linkpath?: string | null;
  size?: number;
  mtime?: number;
}

/** Records are `<length> <key>=<value>\n`, the length in bytes and of the whole: a value may hold line breaks. */
export function parsePax(bytes: Uint8Array): PaxRecords | string {
  const found: PaxRecords = {};
  for (let at = 0; at < bytes.length;) {
    const record = recordAt(bytes, at);
    if (record === null) return "is damaged";
    const problem = take(record, found);
    if (problem !== null) return problem;
    at += record.length;
  }
  return found;
}

interface PaxRecord {
  readonly length: number;
  readonly key: string;
  readonly value: Uint8Array;
}

function recordAt(bytes: Uint8Array, at: number): PaxRecord | null {
  // 20 digits are more than any length needs; looking further would make a long body without a space slow.
  const digits = /^[1-9][0-9]{0,9}(?= )/.exec(String.fromCharCode(...bytes.subarray(at, at + 20)))?.[0];
  if (digits === undefined) return null;
  const record = bytes.subarray(at + digits.length + 1, at + Number(digits));
  const equals = record.indexOf(0x3d);
  const isWhole = at + Number(digits) <= bytes.length && record.at(-1) === 0x0a;
  if (!isWhole || equals < 1) return null;
  const key = decode(record.subarray(0, equals));
  return key === null ? null : { length: Number(digits), key, value: record.subarray(equals + 1, -1) };
}

function take({ key, value }: PaxRecord, found: PaxRecords): string | null {
  if (key === "path" || key === "linkpath") {
    if (found[key] !== undefined) return `has more than one ${key}`;
    found[key] = decode(value);
  }
  if (key === "size") {
    const text = decode(value) ?? "";
    if (!/^[0-9]{1,15}$/.test(text) || found.size !== undefined) return "has no readable size";
    found.size = Number(text);
  }
  if (key === "mtime") {
    const seconds = Math.floor(Number(decode(value) ?? ""));
    if (Number.isSafeInteger(seconds) && seconds >= 0) found.mtime = seconds;
  }
  return key.startsWith("GNU.sparse.") ? "describes a sparse file" : null;
}
