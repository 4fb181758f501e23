/** What the ways past a server promise, where a store has such. */
import { createHash } from "node:crypto";
import type { DirectFiles, Files, UploadOffer } from "../../runtime/core/ports";

const job = "api/local/01JD0000000000000000000000";
const factsOf = (content: Uint8Array) => ({
  bytes: content.byteLength,
  sha256: createHash("sha256").update(content).digest("hex"),
});

async function fill({ url, headers }: UploadOffer, content: Uint8Array): Promise<number> {
  const { "content-length": _length, ...others } = headers;
  return (await fetch(url, { method: "PUT", headers: others, body: Buffer.from(content) })).status;
}

async function* once(content: Uint8Array): AsyncGenerator<Uint8Array, void, void> {
  yield content;
}

export function directFilesContract(name: string, makeFiles: () => Promise<Files>): void {
  describe(`${name} keeps the DirectFiles contract`, () => {
    let files: Files;
    let direct: DirectFiles;
    beforeEach(async () => {
      files = await makeFiles();
      if (files.direct === undefined) throw new Error("there are no ways past this server");
      direct = files.direct;
    });
    const held = async (key: string): Promise<string> => (await fetch(await direct.link(key))).text();
    const content = Buffer.from("a packed folder");

    it("makes what was uploaded a job's bundle, again and again, in place of an earlier one", async () => {
      expect(await fill(await direct.offer("id-0000000000000001", factsOf(content)), content)).toBe(200);
      await files.putBundle(job, once(Buffer.from("an earlier one")));
      for (const key of [job, job, "api/local/2"]) {
        expect(await direct.take("id-0000000000000001", key)).toBe(true);
        expect(await held(key)).toBe("a packed folder");
      }
    });

    it("takes nothing from where nothing was uploaded", async () => {
      await direct.offer("id-0000000000000002", factsOf(content));
      expect(await direct.take("id-0000000000000002", job)).toBe(false);
      expect(await files.openBundle(job)).toBeUndefined();
    });

    it("offers the same place for the same id, and does not fill it twice", async () => {
      expect(await fill(await direct.offer("id-0000000000000003", factsOf(content)), content)).toBe(200);
      const other = Buffer.from("another folder!");
      expect(await fill(await direct.offer("id-0000000000000003", factsOf(other)), other)).toBe(412);
      await direct.take("id-0000000000000003", job);
      expect(await held(job)).toBe("a packed folder");
    });

    it("offers a place for these bytes alone, and not for ever", async () => {
      const { headers, expiresAt } = await direct.offer("id-0000000000000004", factsOf(content));
      expect(headers).toMatchObject({
        "content-length": "15",
        "x-amz-checksum-sha256": createHash("sha256").update(content).digest("base64"),
      });
      expect(expiresAt).toBeGreaterThan(0);
    });

    it.each(["gh/github.com/1", "a/b/ä ?&#%2F", "x"])("links to the bundle of %j", async (key) => {
      await files.putBundle(key, once(Buffer.from(key)));
      expect(await held(key)).toBe(key);
    });
  });
}
