/** Job keys as file names and back: no separator, no dot at the start, and no two that differ in case only. Pure. */
import { createHash } from "node:crypto";
import type { JobKey } from "../../core/model";

/** Most file systems end at 255 bytes. */
const longest = 240;
const hashed = "_sha256_";

export function fileName(job: JobKey): string {
  const name = [...Buffer.from(job)].map(letter).join("");
  // Not one that `letter` makes: there a `_` is followed by two hex digits.
  return name.length <= longest ? name : hashed + createHash("sha256").update(job).digest("hex");
}

/** `undefined` for names that were too long to keep the key. */
export function jobOfFileName(name: string): JobKey | undefined {
  if (!/^(?:[a-z0-9-]|_[0-9a-f]{2})+$/.test(name)) return undefined;
  const bytes = name.match(/_[0-9a-f]{2}|[a-z0-9-]/g) ?? [];
  return Buffer.from(
    bytes.map((piece) => (piece.length === 3 ? Number.parseInt(piece.slice(1), 16) : piece.charCodeAt(0))),
  ).toString();
}

function letter(byte: number): string {
  const char = String.fromCharCode(byte);
  return /[a-z0-9-]/.test(char) ? char : `_${byte.toString(16).padStart(2, "0")}`;
}
