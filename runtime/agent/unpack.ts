/**
 * Unpacks the working folder of a job. The server has checked the bundle, but this side does not rely on that: the
 * same rules are applied to each entry before it is made, in `readBundle`.
 *
 * Writes are synchronous, between two pieces of the stream: nothing else happens in the folder meanwhile, and many
 * small files are made several times faster so.
 */
import { chmodSync, closeSync, constants, fchmodSync, futimesSync, linkSync, mkdirSync, openSync } from "node:fs";
import { readdirSync, rmSync, symlinkSync, unlinkSync, writeSync } from "node:fs";
import { join } from "node:path";
import { bundleLimits, type BundleLimits } from "../core/bundle";
import { shown } from "../core/bundle-names";
import { readBundle, type BundlePiece } from "../core/bundle-reader";
import { OnejobError } from "../core/errors";
import { errorCode } from "../core/error-facts";
import { inflate } from "../machine/inflate";

export type Unpacked = { readonly ok: true } | { readonly ok: false; readonly problem: string };

/**
 * Into an existing, empty folder, with the rights and as the property of whoever runs this. Afterwards everything is
 * there, or (`problem`, or a rejection for what is not the bundle's fault, such as a full disk) nothing is.
 */
export async function unpackBundle(
  content: AsyncIterable<Uint8Array>,
  targetDir: string,
  limits: BundleLimits = bundleLimits,
): Promise<Unpacked> {
  if (readdirSync(targetDir).length > 0)
    throw new OnejobError("internal", `the job's folder ${targetDir} is not empty`);
  const extraction = new Extraction(targetDir);
  let problem: string | null = "it could not be read to its end";
  try {
    for await (const piece of readBundle(content, inflate, limits)) {
      if (piece.kind === "problem") problem = piece.problem;
      else if (piece.kind !== "end") extraction.take(piece);
      else {
        extraction.makeLinks();
        problem = null;
      }
    }
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    problem = error.message;
  } finally {
    extraction.close();
    if (problem !== null) empty(targetDir);
  }
  return problem === null ? { ok: true } : { ok: false, problem };
}

type EntryPiece = Extract<BundlePiece, { kind: "entry" }>;

class Extraction {
  readonly #root: string;
  #file: { readonly fd: number; left: number; readonly mtime: number } | null = null;
  /** Made last, so that while files are written there is no link to follow. */
  readonly #links = new Map<string, string>();

  constructor(root: string) {
    this.#root = root;
  }

  take(piece: Exclude<BundlePiece, { kind: "problem" | "end" }>): void {
    if (piece.kind === "data") return this.#write(piece.data);
    for (const folder of piece.verdict.newFolders) this.#make(folder, (full) => mkdirSync(full, 0o755));
    const { entry, verdict } = piece;
    if (entry.type === "directory") this.#folder(piece);
    if (entry.type === "file") this.#startFile(piece);
    if (entry.type === "symlink") this.#links.set(verdict.path, entry.linkpath ?? "");
    if (entry.type === "hardlink") {
      this.#make(verdict.path, (full) => {
        if (verdict.replaces) unlinkSync(full);
        linkSync(join(this.#root, verdict.target ?? ""), full);
      });
    }
  }

  makeLinks(): void {
    for (const [path, target] of this.#links) this.#make(path, (full) => symlinkSync(target, full));
  }

  close(): void {
    if (this.#file !== null) closeSync(this.#file.fd);
    this.#file = null;
  }

  #folder({ entry, verdict }: EntryPiece): void {
    this.#make(verdict.path, (full) => {
      if (!verdict.replaces) mkdirSync(full);
      // The folder itself keeps the mode it was made with; whoever made it had a reason.
      if (verdict.path !== "") chmodSync(full, rights(entry.mode, 0o700));
    });
  }

  #startFile({ entry, verdict }: EntryPiece): void {
    this.#make(verdict.path, (full) => {
      if (verdict.replaces) unlinkSync(full);
      const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
      const fd = openSync(full, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
      this.#file = { fd, left: entry.size, mtime: entry.mtime };
      fchmodSync(fd, rights(entry.mode, 0o600));
    });
    this.#endFile();
  }

  #write(data: Uint8Array): void {
    if (this.#file === null) throw new Error("content without a file");
    for (let at = 0; at < data.length;) at += writeSync(this.#file.fd, data, at);
    this.#file.left -= data.length;
    this.#endFile();
  }

  #endFile(): void {
    if (this.#file === null || this.#file.left > 0) return;
    futimesSync(this.#file.fd, this.#file.mtime, this.#file.mtime);
    this.close();
  }

  /** Names what could not be made: two names that only this file system takes for one, a path too long for it. */
  #make(path: string, act: (full: string) => void): void {
    try {
      act(join(this.#root, path));
    } catch (error) {
      const code = errorCode(error);
      if (code === "EEXIST") throw new Refusal(`${shown(path)} is the same as another name on this file system`);
      if (code === "ENAMETOOLONG") throw new Refusal(`${shown(path)} is too long for this file system`);
      if (code === "EILSEQ") throw new Refusal(`${shown(path)} is no name this file system takes`);
      throw error;
    }
  }
}

class Refusal extends Error {}

/** No setuid, setgid or sticky bit, nothing writable for others, and never so little that it could not be removed. */
function rights(mode: number, least: number): number {
  return (mode & 0o755) | least;
}

/** It was empty before, so all that is in it now is ours. Links are removed, not followed. */
function empty(folder: string): void {
  for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true, force: true });
}
