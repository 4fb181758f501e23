/**
 * Where installed runners are kept: a folder per version and platform, which either is whole or is not there, and a note
 * which version was the latest when. Closed to everybody but the agent's own user.
 */
import { chmod, lstat, mkdir, readFile, readdir, rename, rm, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { errorCode, ignoreAbsent } from "../../../core/error-facts";
import type { Clock, Random } from "../../../core/ports";
import { isRecord } from "../../shapes";
import { ListenerRefusal } from "../listener-refusal";
import { programProblem } from "../runner-program";

export interface CacheParts {
  readonly clock: Clock;
  readonly random: Pick<Random, "id">;
}

export interface LatestNote {
  readonly releasesUrl: string;
  readonly version: string;
  /** When the release server said so. */
  readonly foundAt: number;
  /** When it was last asked. */
  readonly askedAt: number;
}

/** What a crash left behind is nobody's any more after this. */
const abandonedMs = 3_600_000;
const installed = /^\d+\.\d+\.\d+-[a-z]+-[a-z0-9]+$/;
const unfinished = /^\.(part|gone)-/;

export class RunnerCache {
  private readonly root: string;
  private readonly platform: string;
  private readonly parts: CacheParts;

  constructor({ root, platform, ...parts }: CacheParts & { readonly root: string; readonly platform: string }) {
    this.root = root;
    this.platform = platform;
    this.parts = parts;
  }

  get lockPath(): string {
    return join(this.root, ".lock");
  }

  /** Throws a `ListenerRefusal` when somebody else could change what is in it. */
  async open(): Promise<void> {
    await mkdir(this.root, { recursive: true, mode: 0o700 });
    const found = await lstat(this.root);
    const own = process.geteuid?.() ?? found.uid;
    if (!found.isDirectory() || found.uid !== own) {
      const detail = `${this.root} belongs to somebody else; remove it, or give it to the user that runs Onejob`;
      throw new ListenerRefusal("misconfigured", detail);
    }
    await chmod(this.root, 0o700);
  }

  /** The folder of this version; `undefined`: it is not installed. Whoever asks is taken for a user of it. */
  async find(version: string): Promise<string | undefined> {
    const folder = this.folderOf(version);
    if ((await programProblem(folder)) !== undefined) return undefined;
    const now = this.parts.clock.now() / 1000;
    await utimes(folder, now, now).catch(ignoreAbsent);
    return folder;
  }

  /** `fill` makes the folder it is given; unless it fails, that one is this version's from then on. */
  async add(version: string, fill: (part: string) => Promise<void>): Promise<string> {
    const part = join(this.root, `.part-${this.parts.random.id(12)}`);
    try {
      await fill(part);
      await this.discard(this.folderOf(version));
      await rename(part, this.folderOf(version)).catch(unlessThere);
    } finally {
      await rm(part, { recursive: true, force: true });
    }
    const folder = await this.find(version);
    if (folder === undefined) throw new Error(`runner ${version} disappeared while it was installed`);
    return folder;
  }

  async latest(releasesUrl: string): Promise<LatestNote | undefined> {
    const text = await readFile(this.notePath(), "utf8").catch(ignoreAbsent);
    const note = text === undefined ? undefined : parseNote(text);
    return note?.releasesUrl === releasesUrl ? note : undefined;
  }

  async noteLatest(note: LatestNote): Promise<void> {
    const part = join(this.root, `.part-${this.parts.random.id(12)}`);
    await writeFile(part, JSON.stringify(note), { mode: 0o600 });
    await rename(part, this.notePath());
  }

  /** Removes versions that nobody used for so long, and what crashes left. Only under the lock. */
  async tidy(unusedMs: number): Promise<void> {
    const now = this.parts.clock.now();
    for (const name of await readdir(this.root)) {
      const limit = installed.test(name) ? unusedMs : unfinished.test(name) ? abandonedMs : Infinity;
      const found = limit === Infinity ? undefined : await lstat(join(this.root, name)).catch(ignoreAbsent);
      if (found !== undefined && now - found.mtimeMs > limit) await this.discard(join(this.root, name));
    }
  }

  /** Out of the way first, so that nobody finds half of it. */
  private async discard(path: string): Promise<void> {
    const gone = join(this.root, `.gone-${this.parts.random.id(12)}`);
    await rename(path, gone).catch(ignoreAbsent);
    await rm(gone, { recursive: true, force: true });
  }

  private folderOf(version: string): string {
    return join(this.root, `${version}-${this.platform}`);
  }

  private notePath(): string {
    return join(this.root, `latest-${this.platform}.json`);
  }
}

/** Somebody else was faster. */
function unlessThere(error: unknown): void {
  if (!["ENOTEMPTY", "EEXIST"].includes(errorCode(error) ?? "")) throw error;
}

function parseNote(text: string): LatestNote | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isRecord(value)) return undefined;
  const { releasesUrl, version, foundAt, askedAt } = value;
  const isNote =
    typeof releasesUrl === "string" &&
    typeof version === "string" &&
    /^\d+\.\d+\.\d+$/.test(version) &&
    typeof foundAt === "number" &&
    typeof askedAt === "number";
  return isNote ? { releasesUrl, version, foundAt, askedAt } : undefined;
}
