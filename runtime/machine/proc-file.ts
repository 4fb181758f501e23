/** Files that the kernel makes up as they are read: without an end known before, and some as long as a job likes. */
import { closeSync, openSync, readSync } from "node:fs";

/** Enough for any environment that was not made to be in the way. */
const longest = 256 * 1024;

/** Its beginning, at most 256 KiB. Throws as the system does. */
export function readProcFile(path: string, limit = longest): Buffer {
  const file = openSync(path, "r");
  try {
    const parts: Buffer[] = [];
    for (let room = limit; room > 0;) {
      // Most are short; a buffer of the whole limit for each would cost more than the reading.
      const part = Buffer.allocUnsafe(Math.min(room, 16 * 1024));
      const length = readSync(file, part, 0, part.length, null);
      if (length === 0) break;
      parts.push(part.subarray(0, length));
      room -= length;
    }
    return Buffer.concat(parts);
  } finally {
    closeSync(file);
  }
}
