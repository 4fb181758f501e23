import fc from "fast-check";
import { randomBytes } from "node:crypto";
import { gunzipSync, gzipSync } from "node:zlib";
import { bundleLimits } from "../../../runtime/core/bundle";
import { checkBundle } from "../../../runtime/sources/api/check-bundle";
import { hostileBundles } from "../../fixtures/hostile-bundles";
import { bundleOf, gnuLong, pax, tarOf, withChecksum } from "../../fixtures/tar-bytes";

async function* chunks(bytes: Uint8Array, size = 64 * 1024): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

const good = bundleOf(
  { path: "./", type: "5" },
  { path: "./src/a.txt", content: "hello" },
  { path: "src/b.txt", content: "x".repeat(1_500), mode: 0o755 },
  { path: "src/again", type: "1", linkpath: "src/a.txt" },
  { path: "bin/tool", type: "2", linkpath: "../src/b.txt" },
  pax({ path: `${"long/".repeat(40)}naïve\nname`, mtime: "1700000000.5", comment: "any" }),
  { path: "cut", content: "y" },
  gnuLong("L", `${"gnu/".repeat(40)}name`),
  { path: "cut", content: "z" },
);

describe("checking a bundle as it comes in", () => {
  it("accepts an honest archive and says how much is in it", async () => {
    await expect(checkBundle(chunks(good))).resolves.toEqual({ ok: true, entries: 89, bytes: 1_507 });
  });

  it.each([1, 7, 511, 512, 513])("does not depend on where the network cuts it: pieces of %d bytes", async (size) => {
    await expect(checkBundle(chunks(good, size))).resolves.toMatchObject({ ok: true });
  });

  it("accepts gzip in several members, as parallel packers write it", async () => {
    const tar = gunzipSync(good);
    const members = Buffer.concat([gzipSync(tar.subarray(0, 700)), gzipSync(tar.subarray(700))]);
    await expect(checkBundle(chunks(members, 100))).resolves.toMatchObject({ ok: true });
  });

  it("accepts an archive of nothing", async () => {
    await expect(checkBundle(chunks(bundleOf()))).resolves.toEqual({ ok: true, entries: 0, bytes: 0 });
  });

  it.each(hostileBundles)("refuses $name", async ({ bytes, says, limits }) => {
    const answer = await checkBundle(chunks(bytes), limits);
    expect(answer).toMatchObject({ ok: false });
    for (const words of says) expect(answer).toMatchObject({ problem: expect.stringContaining(words) });
  });

  it("refuses more packed bytes than may travel, without reading on", async () => {
    let read = 0;
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (;;) {
        read += 1;
        // Members of gzip that hold nothing: they never unpack to anything that another limit could meet.
        yield gzipSync("");
      }
    }
    const answer = await checkBundle(endless(), { ...bundleLimits, packedBytes: 10_000 });
    expect(answer).toEqual({ ok: false, problem: "it is larger than 9.8 KiB, the limit of a packed folder" });
    expect(read).toBeLessThan(1_000);
  });

  it("stops a bomb at its header, before its content is unpacked", async () => {
    let read = 0;
    const bomb = bundleOf({ path: "bomb", size: 3 * 1024 ** 3, content: randomBytes(1024 * 1024) });
    async function* counted(): AsyncGenerator<Uint8Array> {
      for await (const chunk of chunks(bomb, 1_024)) {
        read += 1;
        yield chunk;
      }
    }
    await expect(checkBundle(counted())).resolves.toMatchObject({ ok: false });
    expect(read * 1_024).toBeLessThan(bomb.length / 2);
  });

  it("passes on what the connection throws, which is no fault of the bundle", async () => {
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield good.subarray(0, 100);
      throw new Error("connection reset");
    }
    await expect(checkBundle(broken())).rejects.toThrow("connection reset");
  });

  it("shows names so that they cannot trick a terminal", async () => {
    const answer = await checkBundle(chunks(bundleOf({ path: "../\u001b[31m\u202egpj.exe" })));
    expect(answer).toMatchObject({ problem: expect.stringContaining('"../\\u001b[31m\\u202egpj.exe"') });
  });
});

describe("checking what chance makes", () => {
  const tars = [good, ...hostileBundles.map(({ bytes }) => bytes)]
    .flatMap(unpacked)
    .filter(({ length }) => length < 20_000);

  it("answers for any bytes at all", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), async (bytes) => {
        expect(await checkBundle(chunks(bytes))).toHaveProperty("problem");
      }),
      { numRuns: 300 },
    );
  });

  it("answers for 2,000 archives with changed, lost and doubled bytes", async () => {
    const place = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    const change = fc.record({
      at: place,
      byte: fc.integer({ min: 0, max: 255 }),
      how: fc.constantFrom("set", "cut", "copy"),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...tars),
        fc.array(change, { minLength: 1, maxLength: 6 }),
        fc.record({ isMended: fc.boolean(), isPackedFirst: fc.boolean() }),
        async (tar, changes, { isMended, isPackedFirst }) => {
          const changed = changes.reduce(mutate, isPackedFirst ? gzipSync(tar, { level: 1 }) : Buffer.from(tar));
          const bytes = isPackedFirst ? changed : gzipSync(isMended ? mended(changed) : changed, { level: 1 });
          expect(typeof (await checkBundle(chunks(bytes, 300))).ok).toBe("boolean");
        },
      ),
      { numRuns: 2_000 },
    );
  });
});

function unpacked(bytes: Buffer): Buffer[] {
  try {
    return [gunzipSync(bytes)];
  } catch {
    return [];
  }
}

function mutate(bytes: Buffer, change: { at: number; byte: number; how: string }): Buffer {
  const at = Math.floor(change.at * bytes.length);
  if (change.how === "cut") return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + change.byte)]);
  if (change.how === "copy")
    return Buffer.concat([bytes.subarray(0, at), bytes.subarray(Math.max(0, at - change.byte))]);
  bytes[at] = change.byte;
  return bytes;
}

/** With right sums in whatever stands where a header may: else most changes are seen by the sum alone. */
function mended(tar: Buffer): Buffer {
  const blocks = Array.from({ length: Math.floor(tar.length / 512) }, (_, at) =>
    tar.subarray(at * 512, at * 512 + 512),
  );
  return tarOf(...blocks.map((block) => (block.includes("ustar") ? withChecksum(Buffer.from(block)) : block)));
}
