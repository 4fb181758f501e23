/**
 * Reads a packed working folder as it was sent, once and without writing anything: may a job be made of it?
 * Memory holds the names of its entries (bounded by the limits) and one piece of content at a time.
 */
import { bundleLimits, type BundleLimits } from "../../core/bundle";
import { readBundle } from "../../core/bundle-reader";
import { inflate } from "../../machine/inflate";

export type BundleCheck =
  | { readonly ok: true; readonly entries: number; readonly bytes: number }
  | { readonly ok: false; readonly problem: string };

/** Stops reading at the first problem. Rejects only with what `content` itself throws. */
export async function checkBundle(
  content: AsyncIterable<Uint8Array>,
  limits: BundleLimits = bundleLimits,
): Promise<BundleCheck> {
  for await (const piece of readBundle(content, inflate, limits)) {
    if (piece.kind === "problem") return { ok: false, problem: piece.problem };
    if (piece.kind === "end") return { ok: true, entries: piece.entries, bytes: piece.bytes };
  }
  return { ok: false, problem: "it could not be read to its end" };
}
