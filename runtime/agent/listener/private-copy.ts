/**
 * A copy of the runner's folder for one job. Whatever the job does to it, and all the runner leaves in it (work folder,
 * credentials, diagnostics), goes with the job's folder.
 */
import { chmod, constants, copyFile, lchown, lstat, mkdir, readdir, readlink, symlink } from "node:fs/promises";
import { isAbsolute, join, relative } from "node:path";
import type { AgentBoot } from "../../core/agent-protocol";

export interface CopyOrder {
  /** A real path: links on the way would hide which links inside lead back into it. */
  readonly from: string;
  /** Not there yet. */
  readonly to: string;
  /** Who gets it. */
  readonly user: AgentBoot["user"];
  readonly signal: AbortSignal;
}

/** What a runner that was used in that very folder left there; with it, ours would be that one. */
const notTaken: ReadonlySet<string> = new Set([
  ...["_work", "_diag", "_update", ".runner", ".runner_migrated", ".service"],
  ...[".credentials", ".credentials_migrated", ".credentials_rsaparams"],
]);

/** As many as the threads that Node copies with, and some that wait for them. */
const atOnce = 8;

/** Rejects as soon as `signal` aborts; what is there by then stays. */
export async function copyRunner(order: CopyOrder): Promise<void> {
  await copyFolder(order, "");
}

async function copyFolder(order: CopyOrder, below: string): Promise<void> {
  const source = join(order.from, below);
  const target = join(order.to, below);
  await mkdir(target, { mode: 0o700 });
  const entries = await readdir(source, { withFileTypes: true });
  const wanted = entries.filter(({ name }) => below !== "" || !notTaken.has(name));
  const [folders, others] = [wanted.filter(isFolder), wanted.filter((entry) => !isFolder(entry))];
  const left = others[Symbol.iterator]();
  const work = async (): Promise<void> => {
    for (const entry of left) {
      order.signal.throwIfAborted();
      if (entry.isFile()) await copyOne(order, join(below, entry.name));
      else if (entry.isSymbolicLink()) await copyLink(order, join(below, entry.name));
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  for (const { name } of folders) await copyFolder(order, join(below, name));
  await chmod(target, ((await lstat(source)).mode & 0o777) | 0o700);
  await give(target, order);
}

async function copyOne(order: CopyOrder, path: string): Promise<void> {
  const target = join(order.to, path);
  const { mode } = await lstat(join(order.from, path));
  await copyFile(join(order.from, path), target, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
  const own = (mode & 0o111) === 0 ? 0o600 : 0o700;
  if ((mode & own) !== own) await chmod(target, (mode & 0o777) | own);
  await give(target, order);
}

/** The runner that updates itself leaves links with whole paths; those must not lead back to where it came from. */
async function copyLink(order: CopyOrder, path: string): Promise<void> {
  const said = await readlink(join(order.from, path));
  const inside = isAbsolute(said) ? relative(order.from, said) : "..";
  const leadsBack = inside !== ".." && !inside.startsWith("../") && !isAbsolute(inside);
  await symlink(leadsBack ? join(order.to, inside) : said, join(order.to, path));
  await give(join(order.to, path), order);
}

async function give(path: string, { user }: CopyOrder): Promise<void> {
  if (user !== undefined) await lchown(path, user.uid, user.gid);
}

function isFolder(entry: { isDirectory(): boolean }): boolean {
  return entry.isDirectory();
}
