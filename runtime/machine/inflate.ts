/** Unpacks gzip as it comes, for the bundle reader. */
import { pipeline, Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import type { Inflate } from "../core/bundle-reader";

export const inflate: Inflate = (packed) => {
  const gunzip = createGunzip({ chunkSize: 64 * 1024 });
  // An error reaches whoever reads `gunzip`; the callback only keeps it from being thrown into nowhere as well.
  pipeline(Readable.from(packed, { objectMode: false }), gunzip, () => undefined);
  return { content: gunzip, consumed: () => gunzip.bytesWritten };
};
