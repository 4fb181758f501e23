/**
 * The package as others get it: packed, unpacked into `node_modules` of a folder far from this tree, and beside it the
 * packages it says it needs, and no others. Nothing is fetched: those are links to this tree's.
 */
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { extract } from "tar";

export const root = join(__dirname, "../..");

export interface Manifest {
  readonly version: string;
  readonly bin: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta: Readonly<Record<string, { readonly optional: boolean }>>;
  readonly bundleDependencies?: unknown;
}

export interface Packed {
  /** As `npm pack --json` tells. */
  readonly size: number;
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string; readonly size: number; readonly mode: number }[];
  readonly tarball: string;
}

export interface Consumer {
  readonly folder: string;
  /** Where the package lies in it. */
  readonly installed: string;
  readonly manifest: Manifest;
  readonly packed: Packed;
  readonly remove: () => void;
}

/** Answers a folder that holds `example` of `stacks/examples`, if any, and has installed the package. */
export async function installPacked(example?: string): Promise<Consumer> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "onejob-consumer-")));
  if (example !== undefined) cpSync(join(root, "stacks", "examples", example), folder, { recursive: true });
  const packed = pack(folder);
  const installed = join(folder, "node_modules", "onejob");
  mkdirSync(installed, { recursive: true });
  await extract({ file: packed.tarball, cwd: installed, strip: 1 });
  const manifest = JSON.parse(readFileSync(join(installed, "package.json"), "utf8")) as Manifest;
  for (const name of Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies })) {
    const link = join(folder, "node_modules", name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(root, "node_modules", name), link, "dir");
  }
  return { folder, installed, manifest, packed, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** What is built is packed; nothing is built for it. */
function pack(folder: string): Packed {
  const options = ["--ignore-scripts", "--offline", "--json", "--pack-destination", folder];
  const said = execFileSync("npm", ["pack", ...options], { cwd: root, stdio: ["ignore", "pipe", "ignore"] });
  const [packed] = JSON.parse(said.toString()) as (Omit<Packed, "tarball"> & { readonly filename: string })[];
  if (packed === undefined) throw new Error("npm pack made nothing");
  return { ...packed, tarball: join(folder, packed.filename) };
}
