/** Versions of what AWS never lets be changed: another content has another version, and the same one has the same. */
import { createHash } from "node:crypto";

/** `1.x.y`, each number below 2^30, as Image Builder takes them; x and y say nothing about which one is newer. */
export function contentVersion(content: unknown): string {
  const digest = createHash("sha256").update(JSON.stringify(content)).digest();
  const number = (offset: number): number => digest.readUInt32BE(offset) >>> 2;
  return `1.${number(0)}.${number(4)}`;
}
