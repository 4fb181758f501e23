/** Tar archives for engines to unpack: files of root, read while they are sent. */
import { Header } from "tar/header";

export interface ArchiveEntry {
  /** Relative; folders end with a slash. */
  readonly path: string;
  readonly mode: number;
  /** In bytes; 0 for folders. */
  readonly size: number;
  readonly content: () => AsyncIterable<Uint8Array>;
}

const blockBytes = 512;

/** Throws when a file is not as long as its entry says: the reader would take what follows for something else. */
export async function* archiveOf(entries: readonly ArchiveEntry[]): AsyncGenerator<Uint8Array> {
  for (const entry of entries) {
    yield headerOf(entry);
    let sent = 0;
    for await (const piece of entry.content()) {
      sent += piece.length;
      if (sent > entry.size) break;
      yield piece;
    }
    if (sent !== entry.size) throw new Error(`${entry.path} changed while it was read`);
    yield new Uint8Array((blockBytes - (entry.size % blockBytes)) % blockBytes);
  }
  yield new Uint8Array(2 * blockBytes);
}

export function folderEntry(path: string, mode: number): ArchiveEntry {
  return { path: `${path}/`, mode, size: 0, content: () => pieces() };
}

export function textEntry(path: string, text: string, mode: number): ArchiveEntry {
  const bytes = Buffer.from(text);
  return { path, mode, size: bytes.length, content: () => pieces(bytes) };
}

/** Of a small archive, all at once. */
export async function archiveBytes(entries: readonly ArchiveEntry[]): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of archiveOf(entries)) parts.push(part);
  return Buffer.concat(parts);
}

async function* pieces(...all: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* all;
}

/** In whole seconds of the year 1970: what is the same is sent the same. */
function headerOf({ path, mode, size }: ArchiveEntry): Buffer {
  const type = path.endsWith("/") ? "Directory" : "File";
  const header = new Header({ path, mode, size, type, uid: 0, gid: 0, mtime: new Date(0) });
  const block = Buffer.alloc(blockBytes);
  if (header.encode(block)) throw new Error(`${path} is too long a name for an archive`);
  return block;
}
