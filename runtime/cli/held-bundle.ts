/** The packed folder as a file, for a fleet: its size and its hash must be known before the first byte is sent. */
import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import type { BundleFacts } from "../core/ports";

export interface HeldBundle extends BundleFacts {
  /** From its beginning, each time. */
  read(): AsyncIterable<Uint8Array>;
  remove(): Promise<void>;
}

/** In a folder of its own that nobody else can look into. Rejects with what `content` throws, and leaves nothing then. */
export async function holdBundle(content: AsyncIterable<Uint8Array>): Promise<HeldBundle> {
  const folder = await mkdtemp(join(tmpdir(), "onejob-"));
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  const file = join(folder, "bundle.tgz");
  const hash = createHash("sha256");
  let bytes = 0;
  const measured = async function* (): AsyncGenerator<Uint8Array> {
    for await (const chunk of content) {
      hash.update(chunk);
      bytes += chunk.length;
      yield chunk;
    }
  };
  try {
    await pipeline(measured(), createWriteStream(file, { mode: 0o600 }));
  } catch (error) {
    await remove();
    throw error;
  }
  return { bytes, sha256: hash.digest("hex"), read: () => createReadStream(file), remove };
}
