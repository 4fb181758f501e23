import { readdir, rm, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { openDiskFiles } from "../../runtime/entry/local/disk-files";
import { fileName, jobOfFileName } from "../../runtime/entry/local/job-file-names";
import { temporaryFolder } from "../fixtures/temporary-folder";

const keys = ["api/local/01JD", "gh/github.com/1", "a/b/ü..%_C:\\x"];

describe("logs and bundles on disk", () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  beforeEach(async () => {
    folder = await temporaryFolder();
  });
  afterEach(() => folder.remove());
  const mode = async (...path: readonly string[]) => (await stat(join(folder.path, ...path))).mode & 0o777;
  const ten = Buffer.alloc(10, "x");

  it("are readable by their owner only", async () => {
    const files = await openDiskFiles(folder.path);
    await files.appendLog("a/b/c", 0, ten);
    await files.putBundle("a/b/c", one(ten));
    expect([await mode("logs"), await mode("bundles")]).toEqual([0o700, 0o700]);
    expect([await mode("logs", fileName("a/b/c")), await mode("bundles", fileName("a/b/c"))]).toEqual([0o600, 0o600]);
  });

  it("leave no half a bundle behind, not even after a crash", async () => {
    const files = await openDiskFiles(folder.path);
    const broken = async function* () {
      yield ten;
      throw new Error("gone");
    };
    await expect(files.putBundle("a/b/c", broken())).rejects.toThrow("gone");
    expect(await readdir(join(folder.path, "bundles"))).toEqual([]);
    await writeFile(join(folder.path, "bundles", "0011223344556677.tmp"), "cut off");
    await openDiskFiles(folder.path);
    expect(await readdir(join(folder.path, "bundles"))).toEqual([]);
  });

  it("say that they could not be stored", async () => {
    const files = await openDiskFiles(folder.path);
    await rm(join(folder.path, "logs"), { recursive: true });
    await rm(join(folder.path, "bundles"), { recursive: true });
    await expect(files.appendLog("a/b/c", 0, ten)).rejects.toMatchObject({ code: "not-stored" });
    await expect(files.putBundle("a/b/c", one(ten))).rejects.toMatchObject({ code: "not-stored" });
  });

  it("lose the oldest logs of finished jobs first, down to the limit", async () => {
    const files = await openDiskFiles(folder.path);
    for (const [n, job] of ["j/h/old", "j/h/runs", "j/h/older", "j/h/new"].entries()) {
      await files.appendLog(job, 0, ten);
      const age = job === "j/h/older" ? 1 : 100 + n;
      await utimes(join(folder.path, "logs", fileName(job)), age, age);
    }
    const asked: string[] = [];
    const finished = (job: string): Promise<boolean> => {
      asked.push(job);
      return Promise.resolve(job !== "j/h/runs");
    };
    expect(await files.trimLogs(40, finished)).toEqual([]);
    expect(await files.trimLogs(25, finished)).toEqual(["j/h/older", "j/h/old"]);
    expect(asked).toEqual(["j/h/older", "j/h/old"]);
    expect(await files.trimLogs(0, finished)).toEqual(["j/h/new"]);
    expect(await files.logSize("j/h/runs")).toBe(10);
  });

  it("give up the oldest bundles of finished jobs first when there is too much of them", async () => {
    const files = await openDiskFiles(folder.path);
    for (const job of ["j/h/old", "j/h/new"]) await files.putBundle(job, one(ten));
    expect(await files.trimBundles(20, () => Promise.resolve(true))).toEqual([]);
    expect(await files.trimBundles(0, (job) => Promise.resolve(job === "j/h/old"))).toEqual(["j/h/old"]);
    expect(await files.openBundle("j/h/old")).toBeUndefined();
    const kept = await files.openBundle("j/h/new");
    const pieces: Uint8Array[] = [];
    for await (const piece of kept ?? []) pieces.push(piece);
    expect(Buffer.concat(pieces)).toEqual(ten);
  });

  it.each(keys)("are named so that the job %s can be told from the name", (key) => {
    expect(fileName(key)).toMatch(/^[a-z0-9_-]+$/);
    expect(jobOfFileName(fileName(key))).toBe(key);
  });

  it("have names a file system takes, whatever the key's length", () => {
    const name = fileName(`a/b/${"x".repeat(500)}`);
    expect(name.length).toBeLessThan(255);
    expect(jobOfFileName(name)).toBeUndefined();
  });
});

async function* one(piece: Uint8Array): AsyncGenerator<Uint8Array, void, void> {
  yield piece;
}
