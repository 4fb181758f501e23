/** What every `Files` promises. */
import { createHash } from "node:crypto";
import type { Files } from "../../runtime/core/ports";

export interface FilesWorld {
  readonly files: Files;
  close(): Promise<void>;
}

const job = "api/local/01JD0000000000000000000000";
const bytes = (text: string): Uint8Array => Buffer.from(text);

async function* stream(...pieces: readonly string[]): AsyncGenerator<Uint8Array, void, void> {
  for (const piece of pieces) yield bytes(piece);
}

async function textOf(content: AsyncIterable<Uint8Array> | undefined): Promise<string | undefined> {
  if (content === undefined) return undefined;
  const pieces: Uint8Array[] = [];
  for await (const piece of content) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

export function filesContract(name: string, makeWorld: () => Promise<FilesWorld>): void {
  describe(`${name} keeps the Files contract`, () => {
    let world: FilesWorld;
    let files: Files;
    beforeEach(async () => {
      world = await makeWorld();
      files = world.files;
    });
    afterEach(() => world.close());
    const log = async (key = job) => Buffer.from(await files.readLog(key, 0, 2000)).toString();

    it("stores a bundle, tells its size and hash, and gives it back", async () => {
      const sha256 = createHash("sha256").update("one two").digest("hex");
      expect(await files.putBundle(job, stream("one ", "two"))).toEqual({ bytes: 7, sha256 });
      expect(await textOf(await files.openBundle(job))).toBe("one two");
      expect(await textOf(await files.openBundle(job))).toBe("one two");
    });

    it("replaces an earlier bundle of the same job", async () => {
      await files.putBundle(job, stream("a long first one"));
      await files.putBundle(job, stream("second"));
      expect(await textOf(await files.openBundle(job))).toBe("second");
    });

    it("stores an empty bundle", async () => {
      expect((await files.putBundle(job, stream())).bytes).toBe(0);
      expect(await textOf(await files.openBundle(job))).toBe("");
    });

    it("keeps nothing of a bundle that breaks off, and the sender's error as it is", async () => {
      const broken = new Error("too large");
      const content = async function* () {
        yield bytes("half");
        throw broken;
      };
      await files.putBundle(job, stream("before"));
      await expect(files.putBundle(job, content())).rejects.toBe(broken);
      expect(await textOf(await files.openBundle(job))).toBe("before");
      await expect(files.putBundle("api/local/2", content())).rejects.toBe(broken);
      expect(await files.openBundle("api/local/2")).toBeUndefined();
    });

    it("drops a bundle, even one that is gone", async () => {
      await files.putBundle(job, stream("x"));
      await files.dropBundle(job);
      await files.dropBundle(job);
      expect(await files.openBundle(job)).toBeUndefined();
    });

    it("goes on giving a bundle that is dropped meanwhile", async () => {
      await files.putBundle(job, stream("still here"));
      const opened = await files.openBundle(job);
      await files.dropBundle(job);
      expect(await textOf(opened)).toBe("still here");
    });

    it("appends to a log and answers its size", async () => {
      expect(await files.appendLog(job, 0, bytes("abc"))).toBe(3);
      expect(await files.appendLog(job, 3, bytes("de"))).toBe(5);
      expect(await log()).toBe("abcde");
      expect(await files.logSize(job)).toBe(5);
    });

    it("skips what is there already, so that sending twice changes nothing", async () => {
      await files.appendLog(job, 0, bytes("abc"));
      expect(await files.appendLog(job, 0, bytes("abc"))).toBe(3);
      expect(await files.appendLog(job, 1, bytes("b"))).toBe(3);
      expect(await files.appendLog(job, 1, bytes("bcde"))).toBe(5);
      expect(await log()).toBe("abcde");
    });

    it("writes nothing over a gap and answers where to resume", async () => {
      await files.appendLog(job, 0, bytes("abc"));
      expect(await files.appendLog(job, 4, bytes("e"))).toBe(3);
      expect(await files.appendLog("api/local/2", 1, bytes("x"))).toBe(0);
      expect(await log()).toBe("abc");
      expect(await files.logSize("api/local/2")).toBe(0);
    });

    it("keeps a log whole when the same pieces are sent at once", async () => {
      const pieces = Array.from({ length: 20 }, (_, n) => ({ offset: n * 2, text: String(n).padStart(2, "0") }));
      const twice = [...pieces, ...pieces];
      await Promise.all(twice.map(({ offset, text }) => files.appendLog(job, offset, bytes(text))));
      expect(await log()).toBe(pieces.map(({ text }) => text).join(""));
    });

    it.each([
      { offset: 0, limit: 2, expected: "ab" },
      { offset: 2, limit: 10, expected: "c" },
      { offset: 3, limit: 10, expected: "" },
      { offset: 9, limit: 10, expected: "" },
      { offset: 0, limit: 0, expected: "" },
    ])("reads '$expected' from byte $offset, at most $limit", async ({ offset, limit, expected }) => {
      await files.appendLog(job, 0, bytes("abc"));
      expect(Buffer.from(await files.readLog(job, offset, limit)).toString()).toBe(expected);
    });

    it("reads a log that never was as empty", async () => {
      expect(await log()).toBe("");
      expect(await files.logSize(job)).toBe(0);
    });

    it("drops a log, even one that is gone, and begins it anew", async () => {
      await files.appendLog(job, 0, bytes("abc"));
      await files.dropLog(job);
      await files.dropLog(job);
      expect(await log()).toBe("");
      expect(await files.appendLog(job, 0, bytes("x"))).toBe(1);
    });

    it.each([
      ["gh/github.com/1", "gh/github.com/2"],
      ["api/local/AB", "api/local/ab"],
      ["a/b/c", "a_b_c"],
      ["a/../../b", "a/b"],
      [`a/b/${"x".repeat(300)}1`, `a/b/${"x".repeat(300)}2`],
    ])("keeps the logs and bundles of %j and %j apart", async (one, two) => {
      for (const key of [one, two]) {
        await files.appendLog(key, 0, bytes(key));
        await files.putBundle(key, stream(key));
      }
      for (const key of [one, two]) {
        expect(await log(key)).toBe(key);
        expect(await textOf(await files.openBundle(key))).toBe(key);
      }
    });
  });
}
