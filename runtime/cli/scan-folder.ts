/**
 * Finds what of a working folder is to be packed, and refuses what may not travel before a byte is sent. Synchronous
 * calls: thousands of small ones are several times faster so, and nothing else happens in this program meanwhile.
 */
import { isUtf8 } from "node:buffer";
import { closeSync, constants, lstatSync, openSync, readFileSync, readdirSync, readlinkSync } from "node:fs";
import type { Dirent, Stats } from "node:fs";
import { join } from "node:path";
import { emptyBundle, judgeEntry, type BundleLimits } from "../core/bundle";
import { shown, sizeText } from "../core/bundle-names";
import { OnejobError } from "../core/errors";
import { rulesAbove, type IgnoreRules } from "./ignore-rules";

export interface FoundEntry {
  /** From the packed folder, with "/". */
  readonly path: string;
  readonly type: "file" | "directory" | "symlink";
  /** Of a file, when it was found. */
  readonly size: number;
  readonly mode: number;
  /** Milliseconds since 1970. */
  readonly mtimeMs: number;
  /** Of a link. */
  readonly linkpath: string | null;
}

export interface FoundFolder {
  /** Folders before what is in them, by name; links last, when all folders they may point through are known. */
  readonly entries: readonly FoundEntry[];
  readonly bytes: number;
  readonly warnings: readonly string[];
}

export interface ScanOptions {
  readonly includeGit: boolean;
  readonly limits: BundleLimits;
}

export async function scanFolder(root: string, options: ScanOptions): Promise<FoundFolder> {
  const scan = new Scan(root, options);
  await scan.folder("", rulesAbove(root));
  return scan.result();
}

class Scan {
  readonly #root: string;
  readonly #options: ScanOptions;
  readonly #entries: FoundEntry[] = [];
  readonly #links: FoundEntry[] = [];
  readonly #warnings: string[] = [];

  constructor(root: string, options: ScanOptions) {
    this.#root = root;
    this.#options = options;
  }

  /** `rules` is `null` inside `.git`, where nothing is ignored. */
  async folder(path: string, rules: IgnoreRules | null): Promise<void> {
    // Lets a Ctrl-C through in a large folder.
    await new Promise((resolve) => setImmediate(resolve));
    const children = this.#children(path);
    const own = children.find((child) => child.name === ".gitignore" && child.isFile);
    const here = own === undefined ? rules : (rules?.with(path, this.#read(own.path)) ?? null);
    for (const child of children) {
      const isGit = child.name === ".git";
      if (isGit ? !this.#options.includeGit : here?.ignores(child.path, { isFolder: child.isFolder })) continue;
      if (isGit && child.isFile) {
        this.#warnings.push(`${shown(child.path)} only points to a repository elsewhere, which does not travel`);
      }
      this.#add(child.path);
      if (child.isFolder) await this.folder(child.path, isGit ? null : here);
    }
  }

  result(): FoundFolder {
    const entries = [...this.#entries, ...this.#links];
    const { limits } = this.#options;
    const bytes = entries.reduce((sum, entry) => sum + entry.size, 0);
    if (bytes > limits.unpackedBytes) {
      throw refusal(
        `it holds ${sizeText(bytes)}, more than ${sizeText(limits.unpackedBytes)}; the largest: ${largest(entries)}`,
      );
    }
    const totals = emptyBundle();
    for (const entry of entries) {
      const verdict = judgeEntry(entry, totals, limits);
      if (!verdict.ok) throw refusal(verdict.problem);
    }
    return { entries, bytes, warnings: this.#warnings };
  }

  #children(path: string): Child[] {
    return attempt(path === "" ? "." : path, () =>
      readdirSync(join(this.#root, path), { withFileTypes: true, encoding: "buffer" })
        .sort((a, b) => Buffer.compare(a.name, b.name))
        .map((entry) => childOf(path, entry)),
    );
  }

  #add(path: string): void {
    const stat = attempt(path, () => lstatSync(join(this.#root, path)));
    const common = { path, mode: stat.mode & 0o777, mtimeMs: stat.mtimeMs, size: 0, linkpath: null };
    if (stat.isDirectory()) this.#entries.push({ ...common, type: "directory" });
    else if (stat.isSymbolicLink()) this.#links.push({ ...common, type: "symlink", linkpath: this.#linkpath(path) });
    else if (stat.isFile()) {
      attempt(path, () => closeSync(openForReading(join(this.#root, path))));
      this.#entries.push({ ...common, type: "file", size: stat.size });
    } else this.#warnings.push(`${shown(path)} is left out: it is ${kindOf(stat)}`);
    const { entries } = this.#options.limits;
    if (this.#entries.length + this.#links.length > entries) {
      throw refusal(
        `it holds more than ${entries} files, folders and links; the fullest so far: ${fullest(this.#entries)}`,
      );
    }
  }

  #linkpath(path: string): string {
    const target = attempt(path, () => readlinkSync(join(this.#root, path), { encoding: "buffer" }));
    return text(target, `${shown(path)} links to a name that is not UTF-8`);
  }

  #read(path: string): string {
    return attempt(path, () => readFileSync(join(this.#root, path), "utf8"));
  }
}

interface Child {
  readonly path: string;
  readonly name: string;
  readonly isFolder: boolean;
  readonly isFile: boolean;
}

function childOf(folder: string, entry: Dirent<Buffer>): Child {
  const prefix = folder === "" ? "" : `${folder}/`;
  const name = text(entry.name, `${shown(prefix + entry.name.toString())} has a name that is not UTF-8`);
  return { path: prefix + name, name, isFolder: entry.isDirectory(), isFile: entry.isFile() };
}

function text(bytes: Buffer, problem: string): string {
  if (!isUtf8(bytes)) throw refusal(problem);
  return bytes.toString();
}

/** Not through a link, and without waiting if it has become a pipe meanwhile. */
export function openForReading(file: string): number {
  return openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
}

/** Names what could not be read, and why in words. */
export function attempt<T>(path: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    if (error instanceof OnejobError) throw error;
    const known = typeof error === "object" && error !== null && "code" in error;
    const code = known ? String(error.code) : "unknown error";
    const changed = ["ENOENT", "ENOTDIR", "ELOOP"].includes(code);
    const why = changed ? "changed or vanished while the folder was packed" : `cannot be read (${code})`;
    throw refusal(`${shown(path)} ${why}`, error);
  }
}

export function refusal(detail: string, cause?: unknown): OnejobError {
  return new OnejobError("bundle-refused", detail, { cause });
}

function kindOf(stat: Stats): string {
  if (stat.isFIFO()) return "a named pipe";
  return stat.isSocket() ? "a socket" : "a device";
}

function largest(entries: readonly FoundEntry[]): string {
  const sizes = topLevel(entries, (entry) => entry.size);
  for (const entry of entries) if (entry.type === "file") sizes.set(entry.path, entry.size);
  return ranked(sizes, sizeText);
}

function fullest(entries: readonly FoundEntry[]): string {
  return ranked(
    topLevel(entries, () => 1),
    (count) => `${count} entries`,
  );
}

function topLevel(entries: readonly FoundEntry[], weigh: (entry: FoundEntry) => number): Map<string, number> {
  const sums = new Map<string, number>();
  for (const entry of entries) {
    const top = entry.path.split("/", 1)[0] ?? entry.path;
    sums.set(top, (sums.get(top) ?? 0) + weigh(entry));
  }
  return sums;
}

function ranked(sums: ReadonlyMap<string, number>, say: (value: number) => string): string {
  const first = [...sums].sort((a, b) => b[1] - a[1]).slice(0, 5);
  return first.map(([path, value]) => `${shown(path)} (${say(value)})`).join(", ");
}
