/**
 * The kit: everything the agent needs to run in an image that has nothing. The Node that runs this server, the shared
 * objects it has loaded, their loader, and the agent. The loader is started by name and told where to look, so that the
 * image's own libraries, older, newer or of another kind (Alpine), are never mixed with ours.
 */
import { createHash } from "node:crypto";
import { createReadStream, existsSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { basename, dirname, isAbsolute, join } from "node:path";
import { errorCode } from "../../core/error-facts";
import { LaunchRefusal } from "../../core/launch-refusal";
import type { ArchiveEntry } from "./archive";
import type { EngineFacts } from "./engine-facts";
import { kitPrefix } from "./labels";

/** Where it stands in every container. */
export const kitFolder = "/opt/onejob";
/** Written last: a kit without it is half a kit. */
export const kitMarker = "complete";

export interface Kit {
  /** Changes with anything in it. */
  readonly hash: string;
  readonly volume: string;
  readonly entries: readonly ArchiveEntry[];
  /** Program and arguments that start the agent. */
  readonly command: readonly string[];
}

export interface KitSource {
  readonly agentFile: string;
  /** `false`: it cannot run there, and the image has to have a Node of its own. */
  readonly withNode: boolean;
}

/** Whether the Node that runs this server runs in containers of this engine. */
export function runsOurNode({ arch }: Pick<EngineFacts, "arch">): boolean {
  return process.platform === "linux" && arch === process.arch;
}

/** What the system's C library loads by name when it looks up a host, before version 2.34. */
const loadedLate = ["libnss_files.so.2", "libnss_dns.so.2", "libresolv.so.2"];

export async function describeKit({ agentFile, withNode }: KitSource): Promise<Kit> {
  const agent = await readFile(agentFile).catch((error: unknown) => {
    const detail = `the agent's file ${agentFile} cannot be read (${errorCode(error)}); install or build Onejob again`;
    throw new LaunchRefusal("misconfigured", detail, { cause: error });
  });
  const libraries = withNode ? librariesOf(loadedObjects()) : [];
  const files = withNode ? await Promise.all([programFile(), ...libraries.map(libraryFile)]) : [];
  const content = [process.version, process.arch, digest(agent), ...files.map(({ identity }) => identity)];
  const hash = digest(Buffer.from(JSON.stringify(content))).slice(0, 16);
  const agentEntry = { path: "agent.js", mode: 0o644, size: agent.length, content: () => once(agent) };
  return {
    hash,
    volume: `${kitPrefix}${hash}`,
    entries: [...files.map(({ entry }) => entry), agentEntry],
    command: [...nodeCommand(withNode ? libraries : undefined), `${kitFolder}/agent.js`],
  };
}

/** `undefined`: no Node of ours. A Node without a loader was linked to need none. */
function nodeCommand(libraries: readonly string[] | undefined): readonly string[] {
  if (libraries === undefined) return ["node"];
  const loader = libraries.map((path) => basename(path)).find(isLoader);
  const node = `${kitFolder}/node`;
  return loader === undefined ? [node] : [`${kitFolder}/lib/${loader}`, "--library-path", `${kitFolder}/lib`, node];
}

function isLoader(name: string): boolean {
  return /^ld(64)?[-.].*\.so(\.\d+)*$|^ld64\.so\.\d+$/.test(name);
}

/** Files only: the kernel's own object has none. Addons of this server are no part of Node. */
export function librariesOf(objects: readonly string[]): readonly string[] {
  const loaded = objects.filter((path) => isAbsolute(path) && /\.so(\.\d+)*$/.test(path));
  const libc = loaded.find((path) => basename(path) === "libc.so.6");
  const late = libc === undefined ? [] : loadedLate.map((name) => join(dirname(libc), name)).filter(existsSync);
  const byName = new Map([...late, ...loaded].map((path) => [basename(path), path]));
  return [...byName.values()].sort();
}

function loadedObjects(): readonly string[] {
  // Else it looks up the name of every peer, and waits for the answers.
  const report = Object.assign(process.report, { excludeNetwork: true });
  const { sharedObjects } = report.getReport() as { sharedObjects?: unknown };
  return Array.isArray(sharedObjects) ? sharedObjects.filter((path) => typeof path === "string") : [];
}

interface KitFile {
  readonly entry: ArchiveEntry;
  readonly identity: readonly (string | number)[];
}

function programFile(): Promise<KitFile> {
  return kitFile(process.execPath, "node", 0o755);
}

function libraryFile(path: string): Promise<KitFile> {
  return kitFile(path, `lib/${basename(path)}`, 0o755);
}

async function kitFile(file: string, path: string, mode: number): Promise<KitFile> {
  const { size, mtimeMs } = await stat(file);
  return { entry: { path, mode, size, content: () => createReadStream(file) }, identity: [path, size, mtimeMs] };
}

function digest(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
