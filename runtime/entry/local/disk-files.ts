/** The `Files` port in `<data folder>/logs` and `<data folder>/bundles`, for this user only. */
import { createHash, randomBytes } from "node:crypto";
import { chmod, mkdir, open, readdir, rename, rm, stat, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { OnejobError } from "../../core/errors";
import type { JobKey } from "../../core/model";
import { turns } from "../../core/turns";
import type { Files } from "../../core/ports";
import { fileName, jobOfFileName } from "./job-file-names";
import { errorCode, errorText } from "../../core/error-facts";

export interface DiskFiles extends Files {
  /**
   * Removes logs, least recently written first, until all together hold at most `maxBytes`. Only those of jobs that
   * `isFinished`: the others may still grow. Answers whose log went.
   */
  trimLogs(maxBytes: number, isFinished: (job: JobKey) => Promise<boolean>): Promise<readonly JobKey[]>;
  /** The same for bundles, which are kept so that a job can be run again. */
  trimBundles(maxBytes: number, isFinished: (job: JobKey) => Promise<boolean>): Promise<readonly JobKey[]>;
}

const temporary = ".tmp";

/** Makes the folders, and removes what uploads left that a crash cut off. */
export async function openDiskFiles(dataDir: string): Promise<DiskFiles> {
  const [logs, bundles] = [join(dataDir, "logs"), join(dataDir, "bundles")];
  await Promise.all([logs, bundles].map(privateFolder));
  const remains = (await readdir(bundles)).filter((name) => name.endsWith(temporary));
  await Promise.all(remains.map((name) => rm(join(bundles, name), { force: true })));
  return { ...logFiles(logs), ...bundleFiles(bundles) };
}

async function privateFolder(folder: string): Promise<void> {
  await storing(folder, async () => {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await chmod(folder, 0o700);
  });
}

function bundleFiles(folder: string): Pick<DiskFiles, "putBundle" | "openBundle" | "dropBundle" | "trimBundles"> {
  const place = (job: JobKey) => join(folder, fileName(job));
  return {
    putBundle: async (job, content) => {
      const draft = join(folder, `${randomBytes(8).toString("hex")}${temporary}`);
      try {
        const stored = await writeAll(draft, content);
        await storing(job, () => rename(draft, place(job)));
        return stored;
      } catch (error) {
        await rm(draft, { force: true });
        throw error;
      }
    },
    openBundle: async (job) => {
      const file = await openExisting(place(job));
      return file?.createReadStream();
    },
    dropBundle: (job) => rm(place(job), { force: true }),
    trimBundles: (maxBytes, isFinished) => trim(folder, maxBytes, isFinished),
  };
}

/** Errors of `content` pass unchanged: they are the sender's. */
async function writeAll(path: string, content: AsyncIterable<Uint8Array>) {
  const hash = createHash("sha256");
  let bytes = 0;
  const file = await storing(path, () => open(path, "wx", 0o600));
  try {
    for await (const chunk of content) {
      hash.update(chunk);
      bytes += chunk.byteLength;
      await storing(path, () => file.writeFile(chunk));
    }
  } finally {
    await storing(path, () => file.close());
  }
  return { bytes, sha256: hash.digest("hex") };
}

type Logs = Pick<DiskFiles, "appendLog" | "readLog" | "logSize" | "dropLog" | "trimLogs">;

function logFiles(folder: string): Logs {
  const place = (job: JobKey) => join(folder, fileName(job));
  const inTurn = turns();
  return {
    // Two at once would both see the old size, and write the same bytes twice or leave a hole.
    appendLog: (job, offset, data) => inTurn(job, () => storing(job, () => append(place(job), offset, data))),
    readLog: (job, offset, limit) => read(place(job), offset, limit),
    logSize: (job) => sizeOf(place(job)),
    dropLog: (job) => inTurn(job, () => rm(place(job), { force: true })),
    trimLogs: (maxBytes, isFinished) => trim(folder, maxBytes, isFinished),
  };
}

async function append(path: string, offset: number, data: Uint8Array): Promise<number> {
  const size = await sizeOf(path);
  const news = data.subarray(size - offset);
  if (offset > size || news.byteLength === 0) return size;
  const file = await open(path, "a", 0o600);
  try {
    await file.writeFile(news);
  } finally {
    await file.close();
  }
  return size + news.byteLength;
}

async function read(path: string, offset: number, limit: number): Promise<Uint8Array> {
  const file = await openExisting(path);
  if (file === undefined) return new Uint8Array();
  try {
    const { size } = await file.stat();
    const wanted = Math.max(0, Math.min(limit, size - offset));
    const { buffer, bytesRead } = await file.read(Buffer.alloc(wanted), 0, wanted, offset);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

async function trim(folder: string, maxBytes: number, isFinished: (job: JobKey) => Promise<boolean>) {
  const names = await readdir(folder);
  const files = await Promise.all(names.map(async (name) => ({ name, info: await statOf(join(folder, name)) })));
  const oldestFirst = files.sort((a, b) => (a.info?.mtimeMs ?? 0) - (b.info?.mtimeMs ?? 0));
  let held = files.reduce((sum, { info }) => sum + (info?.size ?? 0), 0);
  const gone: JobKey[] = [];
  for (const { name, info } of oldestFirst) {
    if (held <= maxBytes) break;
    const job = jobOfFileName(name);
    if (info === undefined || job === undefined || !(await isFinished(job))) continue;
    await rm(join(folder, name), { force: true });
    held -= info.size;
    gone.push(job);
  }
  return gone;
}

async function sizeOf(path: string): Promise<number> {
  return (await statOf(path))?.size ?? 0;
}

function statOf(path: string) {
  return unlessAbsent(stat(path));
}

function openExisting(path: string): Promise<FileHandle | undefined> {
  return unlessAbsent(open(path, "r"));
}

function unlessAbsent<T>(found: Promise<T>): Promise<T | undefined> {
  return found.catch((error: unknown) => {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  });
}

async function storing<T>(what: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (cause) {
    throw new OnejobError("not-stored", `${what}: ${errorText(cause)}`, { cause });
  }
}
