/**
 * Reads a tar stream piece by piece and strictly: what it does not fully understand, it refuses. The readers at hand
 * repair, skip or cut short what looks odd (a bad checksum, an unknown header, a long name with a line break), and
 * what one reader skips another one may write.
 *
 * Understood: ustar, pax headers (path, linkpath, size, mtime) and GNU long names. Memory: one block and one header.
 */
import { bundleLimits, type BundleEntry, type BundleLimits } from "./bundle";
import { isZero, parseHeader, parsePax, textOf, type PaxRecords, type TarHeader } from "./tar-header";

export interface TarEntry extends BundleEntry {
  readonly linkpath: string | null;
  /** Permission bits as they stand there, setuid and the like included. */
  readonly mode: number;
  /** Seconds since 1970. */
  readonly mtime: number;
}

export type TarPiece =
  | { readonly kind: "entry"; readonly entry: TarEntry }
  /** Content of the last entry. */
  | { readonly kind: "data"; readonly data: Uint8Array }
  /** The archive is refused; nothing follows. */
  | { readonly kind: "problem"; readonly problem: string };

const blockSize = 512;
/** One long name needs a few KB; the rest is for what others put beside it. */
const maxMetaBytes = 1024 * 1024;
/** A global and an own pax header, a GNU long name and target: nobody writes more before one entry. */
const maxMetaHeaders = 4;
/** Writers fill the last record up with zeros, usually to 10 KiB. */
const maxPaddingBytes = 1024 * 1024;

/** What headers before an entry say about it. */
interface Extension {
  path?: string;
  linkpath?: string;
  size?: number;
  mtime?: number;
}

/** `open`: what comes is content as long as some is left, then a header. */
type State = "open" | "meta" | "ended" | "broken";

export class TarReader {
  readonly #block = new Uint8Array(blockSize);
  #filled = 0;
  #state: State = "open";
  /** Of the present body, then of the zeros that fill its last block. */
  #left = 0;
  #padding = 0;
  #meta: Uint8Array = new Uint8Array(0);
  #metaType = "";
  #metaHeaders = 0;
  #metaBytes = 0;
  #extension: Extension = {};
  #entries = 0;
  #zeros = 0;
  readonly #limits: BundleLimits;

  constructor(limits: BundleLimits = bundleLimits) {
    this.#limits = limits;
  }

  /** The pieces this part of the stream completes. `data` shares memory with `chunk`. */
  *read(chunk: Uint8Array): Generator<TarPiece> {
    let at = 0;
    while (at < chunk.length && this.#state !== "broken") {
      const rest = chunk.subarray(at);
      if (this.#state === "ended") {
        at += rest.length;
        yield* this.#end(rest);
      } else if (this.#left > 0) {
        const data = rest.subarray(0, this.#left);
        at += data.length;
        yield* this.#content(data);
      } else if (this.#padding > 0) {
        const skipped = Math.min(this.#padding, rest.length);
        this.#padding -= skipped;
        at += skipped;
      } else {
        const part = rest.subarray(0, blockSize - this.#filled);
        this.#block.set(part, this.#filled);
        this.#filled += part.length;
        at += part.length;
        if (this.#filled === blockSize) yield* this.#header();
      }
    }
  }

  /** Why the archive may not end here; `null`: it may. */
  end(): string | null {
    if (this.#state === "broken") return "it is damaged";
    return this.#zeros >= 2 * blockSize ? null : `it ends too early, after ${this.#entries} complete entries`;
  }

  *#header(): Generator<TarPiece> {
    this.#filled = 0;
    if (isZero(this.#block)) {
      if (this.#metaHeaders > 0) return yield this.#broken("a name is announced, but no entry follows");
      this.#state = "ended";
      this.#zeros = blockSize;
      return;
    }
    const header = parseHeader(this.#block);
    if (typeof header === "string") return yield this.#broken(`the header of ${this.#nth()} ${header}`);
    yield* "xgLK".includes(header.type) ? this.#startMeta(header) : this.#startEntry(header);
  }

  *#startMeta(header: TarHeader): Generator<TarPiece> {
    this.#metaHeaders += 1;
    this.#metaBytes += header.size;
    const isTooMuch = this.#metaHeaders > maxMetaHeaders || this.#metaBytes > this.#limits.headerBytes;
    if (isTooMuch || header.size > maxMetaBytes) {
      return yield this.#broken(`the headers before ${this.#nth()} are too many or too long`);
    }
    this.#metaType = header.type;
    this.#meta = new Uint8Array(header.size);
    this.#state = "meta";
    this.#expect(header.size);
    if (header.size === 0) yield* this.#finishMeta();
  }

  *#finishMeta(): Generator<TarPiece> {
    this.#state = "open";
    const problem = this.#readMeta();
    this.#meta = new Uint8Array(0);
    if (problem !== null) yield this.#broken(`a header before ${this.#nth()} ${problem}`);
  }

  #readMeta(): string | null {
    if (this.#metaType === "L") return this.#extend({ path: textOf(this.#meta) });
    if (this.#metaType === "K") return this.#extend({ linkpath: textOf(this.#meta) });
    const said = parsePax(this.#meta);
    if (typeof said === "string") return said;
    if (this.#metaType === "x") return this.#extend(said);
    const renames = said.path !== undefined || said.linkpath !== undefined || said.size !== undefined;
    return renames ? "names or sizes all entries at once" : null;
  }

  #extend(said: PaxRecords): string | null {
    const { path, linkpath, size, mtime } = said;
    if (path === null || linkpath === null) return "holds a name that is not UTF-8";
    const known = this.#extension;
    if (path !== undefined && known.path !== undefined) return "names it twice";
    if (linkpath !== undefined && known.linkpath !== undefined) return "says twice where it links to";
    if (path !== undefined) known.path = path;
    if (linkpath !== undefined) known.linkpath = linkpath;
    if (size !== undefined) known.size = size;
    if (mtime !== undefined) known.mtime = mtime;
    return null;
  }

  *#startEntry(header: TarHeader): Generator<TarPiece> {
    const path = this.#extension.path ?? header.path();
    const isLink = header.entryType === "symlink" || header.entryType === "hardlink";
    const linkpath = isLink ? (this.#extension.linkpath ?? header.linkpath()) : null;
    if (path === null || (isLink && linkpath === null)) {
      return yield this.#broken(`the name of ${this.#nth()} is not UTF-8`);
    }
    const size = this.#extension.size ?? header.size;
    // Before there was a type for folders, a slash at the end was how to tell one.
    const type = header.entryType === "file" && path.endsWith("/") ? "directory" : header.entryType;
    const mtime = this.#extension.mtime ?? header.mtime;
    this.#extension = {};
    this.#metaHeaders = 0;
    this.#entries += 1;
    this.#expect(size);
    yield { kind: "entry", entry: { path, type, typeText: header.typeText, linkpath, size, mode: header.mode, mtime } };
  }

  *#content(data: Uint8Array): Generator<TarPiece> {
    this.#left -= data.length;
    const isMeta = this.#state === "meta";
    if (isMeta) this.#meta.set(data, this.#meta.length - this.#left - data.length);
    else yield { kind: "data", data };
    if (this.#left > 0) return;
    if (isMeta) yield* this.#finishMeta();
  }

  *#end(rest: Uint8Array): Generator<TarPiece> {
    this.#zeros += rest.length;
    if (!isZero(rest)) return yield this.#broken("something follows after its end");
    if (this.#zeros > maxPaddingBytes) yield this.#broken("too many zeros follow after its end");
  }

  #expect(size: number): void {
    this.#left = size;
    this.#padding = (blockSize - (size % blockSize)) % blockSize;
  }

  #broken(problem: string): TarPiece {
    this.#state = "broken";
    return { kind: "problem", problem: `it is damaged or not a tar archive: ${problem}` };
  }

  #nth(): string {
    return `entry ${this.#entries + 1}`;
  }
}
