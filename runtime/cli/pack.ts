/**
 * Packs a working folder for its journey: a gzip tar without owners, in an order and with headers that depend on
 * nothing but the folder. First everything is found and judged (`scan-folder.ts`), then files are read as they are
 * sent: memory holds names and a few hundred KB, however large the folder.
 */
import { closeSync, fstatSync, readSync, realpathSync, statSync } from "node:fs";
import { join } from "node:path";
import { Readable, pipeline } from "node:stream";
import { createGzip } from "node:zlib";
import { Header } from "tar/header";
import { Pax } from "tar/pax";
import { bundleLimits, type BundleLimits } from "../core/bundle";
import { shown, sizeText } from "../core/bundle-names";
import { OnejobError } from "../core/errors";
import { attempt, openForReading, refusal, scanFolder, type FoundEntry } from "./scan-folder";

export interface PackOptions {
  /** Takes `.git` along. */
  readonly includeGit: boolean;
  readonly limits?: BundleLimits;
}

export interface PackedFolder {
  /** Reads the files as it is read. Fails, naming the file, when one changes meanwhile: never a wrong archive. */
  readonly stream: Readable;
  readonly entries: number;
  /** Of all files, unpacked. */
  readonly bytes: number;
  /** What was left out though nobody asked for it, one sentence each. */
  readonly warnings: readonly string[];
}

const pieceBytes = 256 * 1024;

/** Refuses what breaks a rule of the bundle before the first byte can be read. */
export async function packFolder(dir: string, options: PackOptions): Promise<PackedFolder> {
  const limits = options.limits ?? bundleLimits;
  const root = folderAt(dir);
  const { entries, bytes, warnings } = await scanFolder(root, { includeGit: options.includeGit, limits });
  const stream = Readable.from(gzip(inPieces(tar(root, entries)), limits), { objectMode: false });
  return { stream, entries: entries.length, bytes, warnings };
}

function folderAt(dir: string): string {
  try {
    const root = realpathSync(dir);
    if (statSync(root).isDirectory()) return root;
  } catch (error) {
    throw new OnejobError("usage", `the folder to pack, ${shown(dir)}, cannot be found or read`, { cause: error });
  }
  throw new OnejobError("usage", `${shown(dir)} is not a folder, so it cannot be packed`);
}

async function* gzip(content: Iterable<Uint8Array>, limits: BundleLimits): AsyncGenerator<Uint8Array> {
  const packer = createGzip({ level: 4, chunkSize: 64 * 1024 });
  // An error reaches the loop below; the callback only keeps it from being thrown into nowhere as well.
  pipeline(Readable.from(content, { objectMode: false }), packer, () => undefined);
  let packed = 0;
  for await (const piece of packer as AsyncIterable<Uint8Array>) {
    packed += piece.length;
    if (packed > limits.packedBytes) {
      throw refusal(
        `packed it is larger than ${sizeText(limits.packedBytes)}, even though unpacked it is small enough`,
      );
    }
    yield piece;
  }
}

/** Thousands of headers of 512 bytes cost one step through the compressor each, unless they go together. */
function* inPieces(parts: Iterable<Uint8Array>): Generator<Uint8Array> {
  let waiting: Uint8Array[] = [];
  let bytes = 0;
  for (const part of parts) {
    waiting.push(part);
    bytes += part.length;
    if (bytes < pieceBytes) continue;
    yield Buffer.concat(waiting);
    waiting = [];
    bytes = 0;
  }
  if (bytes > 0) yield Buffer.concat(waiting);
}

function* tar(root: string, entries: readonly FoundEntry[]): Generator<Uint8Array> {
  for (const entry of entries) {
    yield* headersOf(entry);
    if (entry.type === "file") yield* contentOf(root, entry);
  }
  yield Buffer.alloc(1024);
}

const tarTypes = { file: "File", directory: "Directory", symlink: "SymbolicLink" } as const;

function* headersOf(entry: FoundEntry): Generator<Uint8Array> {
  const names = {
    path: entry.type === "directory" ? `${entry.path}/` : entry.path,
    ...(entry.linkpath === null ? {} : { linkpath: entry.linkpath }),
  };
  const mtime = new Date(Math.max(0, Math.floor(entry.mtimeMs / 1000)) * 1000);
  const header = new Header({ ...names, type: tarTypes[entry.type], mode: entry.mode, size: entry.size, mtime });
  const block = Buffer.alloc(512);
  // Tells whether a name does not fit, or is not plain ASCII.
  if (header.encode(block)) yield new Pax(names).encode();
  yield block;
}

function* contentOf(root: string, entry: FoundEntry): Generator<Uint8Array> {
  if (entry.size === 0) return;
  const { path, size } = entry;
  const fd = attempt(path, () => openForReading(join(root, path)));
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile() || stat.size !== size) throw changed(path);
    for (let left = size; left > 0;) {
      const piece = Buffer.allocUnsafe(Math.min(left, pieceBytes));
      const read = attempt(path, () => readSync(fd, piece));
      if (read === 0) throw changed(path);
      left -= read;
      yield piece.subarray(0, read);
    }
    if (fstatSync(fd).size !== size) throw changed(path);
  } finally {
    closeSync(fd);
  }
  yield Buffer.alloc((512 - (size % 512)) % 512);
}

function changed(path: string): OnejobError {
  return refusal(`${shown(path)} changed while the folder was packed; pack again when it is at rest`);
}
