/** A packed working folder in, judged entries out: the loop that the server's check and the agent's unpacking share. */
import { bundleLimits, emptyBundle, judgeEntry, type BundleLimits, type BundleVerdict } from "./bundle";
import { sizeText } from "./bundle-names";
import { TarReader, type TarEntry } from "./tar-reader";

export type BundlePiece =
  | { readonly kind: "entry"; readonly entry: TarEntry; readonly verdict: Extract<BundleVerdict, { ok: true }> }
  /** Content of the last entry; must be used before the next piece is asked for. */
  | { readonly kind: "data"; readonly data: Uint8Array }
  /** The bundle is refused; nothing follows. */
  | { readonly kind: "problem"; readonly problem: string }
  /** The whole was read and may pass; nothing follows. */
  | { readonly kind: "end"; readonly entries: number; readonly bytes: number };

/**
 * Undoes gzip, all members of it; no more than a piece ahead of its reader. Throws what `packed` throws, and errors
 * with zlib's codes. Handed in, as core has no way to do it.
 */
export type Inflate = (packed: AsyncIterable<Uint8Array>) => {
  readonly content: AsyncIterable<Uint8Array>;
  /** How many bytes of `packed` were part of the gzip data. */
  readonly consumed: () => number;
};

/** Stops at the first thing that breaks a rule, before its content is read. Throws only what `packed` throws. */
export async function* readBundle(
  packed: AsyncIterable<Uint8Array>,
  inflate: Inflate,
  limits: BundleLimits = bundleLimits,
): AsyncGenerator<BundlePiece> {
  try {
    yield* readTar(gunzip(packed, inflate, limits), limits);
  } catch (error) {
    const problem = error instanceof NotGzip ? error.message : zlibProblem(error);
    if (problem === null) throw error;
    yield { kind: "problem", problem };
  }
}

async function* readTar(tar: AsyncIterable<Uint8Array>, limits: BundleLimits): AsyncGenerator<BundlePiece> {
  const reader = new TarReader(limits);
  const totals = emptyBundle();
  for await (const chunk of tar) {
    for (const piece of reader.read(chunk)) {
      const judged = piece.kind === "entry" ? judge(piece.entry) : piece;
      yield judged;
      if (judged.kind === "problem") return;
    }
  }
  const problem = reader.end();
  yield problem === null ? { kind: "end", entries: totals.entries, bytes: totals.bytes } : { kind: "problem", problem };

  function judge(entry: TarEntry): BundlePiece {
    const verdict = judgeEntry(entry, totals, limits);
    return verdict.ok ? { kind: "entry", entry, verdict } : { kind: "problem", problem: verdict.problem };
  }
}

class NotGzip extends Error {}

async function* gunzip(
  packed: AsyncIterable<Uint8Array>,
  inflate: Inflate,
  limits: BundleLimits,
): AsyncGenerator<Uint8Array> {
  let received = 0;
  const { content, consumed } = inflate(counted());
  yield* content;
  // Zeros after the last member end it quietly.
  if (consumed() < received) throw new NotGzip("something follows after the end of its gzip data");

  async function* counted(): AsyncGenerator<Uint8Array> {
    for await (const chunk of packed) {
      received += chunk.length;
      if (received > limits.packedBytes) {
        throw new NotGzip(`it is larger than ${sizeText(limits.packedBytes)}, the limit of a packed folder`);
      }
      yield chunk;
    }
    if (received === 0) throw new NotGzip("it is empty");
  }
}

function zlibProblem(error: unknown): string | null {
  const code = typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
  if (code === "Z_BUF_ERROR") return "it ends too early: its gzip data is cut off";
  if (code === "Z_DATA_ERROR" || code === "Z_NEED_DICT") return "it is not a gzip file, or a damaged one";
  return null;
}
