/**
 * What a packed working folder may hold. The same rules judge it three times: when it is packed (so that nothing is
 * sent in vain), when the server takes it in, and again, entry by entry, where it is unpacked.
 *
 * Why no accepted archive can write outside its root: what a path is (folder, file, link) never changes once it was
 * seen, no entry passes through a link, and a link target climbs with `..` only out of folders that are known to be
 * real. So wherever a link is followed later, each step stays inside.
 */
import { nameProblem, sizeText, shown, targetProblem } from "./bundle-names";

export interface BundleLimits {
  /** Of the gzip file. */
  readonly packedBytes: number;
  /** Of all files together. */
  readonly unpackedBytes: number;
  /** Files, folders and links; a folder that only shows in the path of another entry counts too. */
  readonly entries: number;
  /** Characters of all paths and link targets together: they are kept in memory. */
  readonly nameLength: number;
  /** Of the extra headers that carry long names and the like, all together. */
  readonly headerBytes: number;
}

export const bundleLimits: BundleLimits = {
  packedBytes: 512 * 1024 * 1024,
  unpackedBytes: 2 * 1024 * 1024 * 1024,
  entries: 200_000,
  nameLength: 64 * 1024 * 1024,
  headerBytes: 256 * 1024 * 1024,
};

/** `other`: devices, pipes, sockets, sparse files and whatever else tar knows. */
export type BundleEntryType = "file" | "directory" | "symlink" | "hardlink" | "other";

export interface BundleEntry {
  readonly path: string;
  readonly type: BundleEntryType;
  /** For people, where `type` is `other`. */
  readonly typeText?: string;
  /** `null` for what is no link. A symbolic link's is relative to its folder, a hard link's to the root. */
  readonly linkpath: string | null;
  readonly size: number;
}

export type BundleVerdict =
  | {
      readonly ok: true;
      /** Without `./`, doubled or trailing slashes; "" is the root. */
      readonly path: string;
      /** Folders above it that no earlier entry made, outermost first. */
      readonly newFolders: readonly string[];
      /** An earlier entry made the same path as the same thing. */
      readonly replaces: boolean;
      /** Where a hard link points, written like `path`. */
      readonly target: string | null;
    }
  | { readonly ok: false; readonly problem: string };

interface Node {
  readonly kind: "directory" | "file" | "symlink";
  /** A tree of names rather than a set of paths: what paths share is kept once. */
  readonly children: Map<string, Node> | null;
}

/** What was judged so far. Made by `emptyBundle`, brought up to date by `judgeEntry`. */
export interface BundleTotals {
  entries: number;
  bytes: number;
  nameLength: number;
  readonly root: Node;
}

export function emptyBundle(): BundleTotals {
  return { entries: 0, bytes: 0, nameLength: 0, root: node("directory") };
}

/**
 * May this entry travel, after those before it? Adds it to `totals`. After the first refusal the archive is refused
 * as a whole, so the totals mean nothing then.
 */
export function judgeEntry(
  entry: BundleEntry,
  totals: BundleTotals,
  limits: BundleLimits = bundleLimits,
): BundleVerdict {
  const problem = nameProblem(entry.path) ?? kindProblem(entry) ?? sizeProblem(entry, totals, limits);
  if (problem !== null) return refuse(`${shown(entry.path)} ${problem}`);
  const segments = segmentsOf(entry.path);
  const link = linkProblem(entry, segments, totals.root);
  if (link !== null) return refuse(`${shown(entry.path)} ${link}`);
  const placed = place(entry, segments, totals.root);
  if (typeof placed === "string") return refuse(`${shown(entry.path)} ${placed}`);
  totals.entries += placed.newFolders.length + 1;
  if (totals.entries > limits.entries) {
    return refuse(`with ${shown(entry.path)} there are more than ${limits.entries} files, folders and links`);
  }
  const target = entry.type === "hardlink" ? segmentsOf(entry.linkpath ?? "").join("/") : null;
  return { ok: true, path: segments.join("/"), newFolders: placed.newFolders, replaces: placed.replaces, target };
}

function kindProblem(entry: BundleEntry): string | null {
  if (entry.type === "other") {
    return `is ${entry.typeText ?? "of an unknown kind"}; only files, folders and links may travel`;
  }
  if (entry.type !== "file" && entry.size > 0) return "has content, though it is not a file";
  return Number.isSafeInteger(entry.size) && entry.size >= 0 ? null : "has an impossible size";
}

function sizeProblem(entry: BundleEntry, totals: BundleTotals, limits: BundleLimits): string | null {
  totals.bytes += entry.size;
  totals.nameLength += entry.path.length + (entry.linkpath?.length ?? 0);
  if (totals.bytes > limits.unpackedBytes) {
    return `brings the unpacked size above the limit of ${sizeText(limits.unpackedBytes)}`;
  }
  if (totals.nameLength > limits.nameLength) {
    return `brings the length of all names together above the limit of ${limits.nameLength} characters`;
  }
  return null;
}

function linkProblem(entry: BundleEntry, segments: readonly string[], root: Node): string | null {
  if (entry.type !== "symlink" && entry.type !== "hardlink") return null;
  const target = entry.linkpath ?? "";
  const bad = targetProblem(target);
  if (bad !== null) return bad;
  return entry.type === "symlink" ? symlinkProblem(target, segments, root) : hardlinkProblem(target, segments, root);
}

function symlinkProblem(target: string, segments: readonly string[], root: Node): string | null {
  const at = segments.slice(0, -1);
  let named = false;
  for (const step of target.split("/")) {
    if (step === "" || step === ".") continue;
    if (step !== "..") {
      at.push(step);
      named = true;
      continue;
    }
    if (at.length === 0) return `links to ${shown(target)}, which leaves the folder`;
    // `name/..` is where it seems to be only if `name` is a folder; out of a link it may climb anywhere.
    if (named && find(root, at)?.kind !== "directory") {
      return `links to ${shown(target)}, which climbs with ".." out of ${shown(at.join("/"))}, not known to be a folder here`;
    }
    at.pop();
  }
  return null;
}

function hardlinkProblem(target: string, segments: readonly string[], root: Node): string | null {
  if (target.split("/").includes("..")) return `is a hard link to ${shown(target)}, which leaves the folder`;
  const path = segmentsOf(target);
  if (path.join("/") === segments.join("/")) return "is a hard link to itself";
  if (find(root, path)?.kind === "file") return null;
  return `is a hard link to ${shown(target)}, which is no file that comes before it`;
}

function place(
  entry: BundleEntry,
  segments: readonly string[],
  root: Node,
): { newFolders: string[]; replaces: boolean } | string {
  const kind = entry.type === "hardlink" ? "file" : entry.type === "symlink" ? "symlink" : entry.type;
  const name = segments.at(-1);
  if (kind === "other") return "is of an unknown kind";
  if (name === undefined) {
    return kind === "directory" ? { newFolders: [], replaces: true } : "would take the place of the folder itself";
  }
  const newFolders: string[] = [];
  let folder = root.children;
  for (const [depth, step] of segments.slice(0, -1).entries()) {
    let next = folder?.get(step);
    if (next === undefined) {
      next = node("directory");
      folder?.set(step, next);
      newFolders.push(segments.slice(0, depth + 1).join("/"));
    }
    if (next.kind !== "directory") return throughProblem(next, segments.slice(0, depth + 1));
    folder = next.children;
  }
  const earlier = folder?.get(name);
  if (earlier !== undefined && earlier.kind !== kind) {
    return `comes twice, as ${kindText[earlier.kind]} and as ${kindText[kind]}`;
  }
  if (earlier === undefined) folder?.set(name, node(kind));
  return { newFolders, replaces: earlier !== undefined };
}

function throughProblem(met: Node, path: readonly string[]): string {
  const above = shown(path.join("/"));
  return met.kind === "symlink" ? `passes through the link ${above}` : `lies below ${above}, which is a file`;
}

const kindText = { directory: "a folder", file: "a file", symlink: "a link" } as const;

function find(root: Node, path: readonly string[]): Node | undefined {
  let at: Node | undefined = root;
  for (const step of path) at = at?.children?.get(step);
  return at;
}

function node(kind: Node["kind"]): Node {
  return { kind, children: kind === "directory" ? new Map() : null };
}

function segmentsOf(path: string): string[] {
  return path.split("/").filter((segment) => segment !== "" && segment !== ".");
}

function refuse(problem: string): BundleVerdict {
  return { ok: false, problem };
}
