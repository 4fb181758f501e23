/** Reads a text file that somebody named: it can be a pipe (`--config <(make-config)`), or a device that never ends. */
import { closeSync, openSync, readSync } from "node:fs";

const pieceBytes = 64 * 1024;

/** Throws what opening and reading throw, and an error with the code `EFBIG` for more than `mostBytes`. */
export function readText(path: string, mostBytes: number): string {
  const file = openSync(path, "r");
  try {
    const pieces: Uint8Array[] = [];
    for (let bytes = 0; bytes <= mostBytes;) {
      const piece = Buffer.alloc(pieceBytes);
      const read = readSync(file, piece);
      if (read === 0) return Buffer.concat(pieces).toString("utf8");
      pieces.push(piece.subarray(0, read));
      bytes += read;
    }
  } finally {
    closeSync(file);
  }
  throw Object.assign(new Error(`${path} holds more than ${mostBytes} bytes`), { code: "EFBIG" });
}
