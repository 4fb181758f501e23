import fc from "fast-check";
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { create } from "tar";
import { unpackBundle } from "../../runtime/agent/unpack";
import { packFolder } from "../../runtime/cli/pack";
import { checkBundle } from "../../runtime/sources/api/check-bundle";
import { hostileBundles } from "../fixtures/hostile-bundles";
import { freshFolder, makeTree, readTree, type Tree, type TreeEntry } from "../fixtures/source-tree";
import { bundleOf, pax } from "../fixtures/tar-bytes";

let outer: string;
let target: string;
beforeEach(() => {
  outer = realpathSync(freshFolder());
  target = join(outer, "target");
  mkdirSync(target);
  writeFileSync(join(outer, "sentinel"), "untouched");
});
afterEach(() => rmSync(outer, { recursive: true, force: true }));

async function* chunks(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 1_000) yield bytes.subarray(at, at + 1_000);
}

const unpack = (bytes: Uint8Array) => unpackBundle(chunks(bytes), target);
const nothingBut = { sentinel: "untouched", target: null };

describe("unpacking", () => {
  it("brings files, folders and links", async () => {
    const bytes = bundleOf(
      { path: "a/b.txt", content: "hello" },
      { path: "a/again", type: "1", linkpath: "a/b.txt" },
      { path: "run", content: "#!", mode: 0o755 },
      { path: "empty/", type: "5", mode: 0o755 },
      { path: "l", type: "2", linkpath: "a/b.txt" },
    );
    expect(await unpack(bytes)).toEqual({ ok: true });
    expect(readTree(target)).toEqual({
      "a/again": "hello",
      "a/b.txt": "hello",
      empty: null,
      l: { to: "a/b.txt" },
      run: { run: "#!" },
    });
  });

  it("lets a later entry of the same kind take the place of an earlier one, and leaves hard links to that alone", async () => {
    const bytes = bundleOf(
      { path: "a", content: "first" },
      { path: "b", type: "1", linkpath: "a" },
      { path: "a", content: "second" },
      { path: "l", type: "2", linkpath: "x" },
      { path: "l", type: "2", linkpath: "a" },
    );
    expect(await unpack(bytes)).toEqual({ ok: true });
    expect(readTree(target)).toEqual({ a: "second", b: "first", l: { to: "a" } });
  });

  it("drops setuid, setgid, sticky and the right of others to write, and keeps what its owner needs", async () => {
    const bytes = bundleOf(
      { path: "suid", mode: 0o6777 },
      { path: "shut", mode: 0o000 },
      { path: "dir", type: "5", mode: 0o3777 },
      { path: "closed", type: "5", mode: 0o000 },
    );
    expect(await unpack(bytes)).toEqual({ ok: true });
    const modes = ["suid", "shut", "dir", "closed"].map((name) => statSync(join(target, name)).mode & 0o7777);
    expect(modes).toEqual([0o755, 0o600, 0o755, 0o700]);
  });

  it("keeps when files were changed, for tools that compare", async () => {
    await unpack(bundleOf({ path: "a", content: "x", mtime: 1_600_000_000 }));
    expect(statSync(join(target, "a")).mtimeMs).toBe(1_600_000_000_000);
  });

  it("leaves the target's own mode alone", async () => {
    chmodSync(target, 0o700);
    await unpack(bundleOf({ path: "./", type: "5", mode: 0o777 }));
    expect(statSync(target).mode & 0o777).toBe(0o700);
  });

  it("takes what another tar writer packed", async () => {
    const source = makeTree(join(outer, "source"), { "a/b": "1", c: { run: "2" }, l: { to: "a/b" }, e: null });
    const packed = create({ gzip: true, cwd: source }, ["."]);
    expect(await unpackBundle(Readable.from(await packed.collect()), target)).toEqual({ ok: true });
    expect(readTree(target)).toEqual(readTree(source));
  });

  it("works with the rights of somebody who is not root, and everything is theirs", async () => {
    const isRoot = process.geteuid?.() === 0;
    const uid = isRoot ? 65_534 : statSync(target).uid;
    chmodSync(outer, 0o755);
    chownSync(target, uid, statSync(target).gid);
    if (isRoot) process.seteuid?.(uid);
    try {
      const bytes = bundleOf({ path: "d/a", content: "1", mode: 0o4755 }, { path: "l", type: "2", linkpath: "d/a" });
      expect(await unpack(bytes)).toEqual({ ok: true });
    } finally {
      if (isRoot) process.seteuid?.(0);
    }
    expect(["d", "d/a", "l"].map((path) => lstatSync(join(target, path)).uid)).toEqual([uid, uid, uid]);
  });

  it("does not touch a target that is not empty", async () => {
    writeFileSync(join(target, "mine"), "1");
    await expect(unpack(bundleOf({ path: "a" }))).rejects.toThrow("not empty");
    expect(readTree(target)).toEqual({ mine: "1" });
  });
});

describe("refusing while unpacking", () => {
  it.each(hostileBundles)("leaves nothing inside or outside after $name", async ({ bytes, says, limits }) => {
    const answer = await unpackBundle(chunks(bytes), target, limits);
    expect(answer).toMatchObject({ ok: false });
    for (const words of says) expect(answer).toMatchObject({ problem: expect.stringContaining(words) });
    expect(readTree(outer)).toEqual(nothingBut);
  });

  it("removes what it wrote before the problem came, and links without following them", async () => {
    const before = [
      { path: "a/b", content: "x".repeat(10_000) },
      { path: "up/l", type: "2", linkpath: ".." },
    ];
    expect(await unpack(bundleOf(...before, { path: "../evil" }))).toMatchObject({ ok: false });
    expect(readTree(outer)).toEqual(nothingBut);
  });

  it("removes what it wrote when the stream breaks, and says what broke", async () => {
    const bytes = bundleOf({ path: "a", content: "x".repeat(100) });
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield bytes.subarray(0, bytes.length - 10);
      throw new Error("disk on fire");
    }
    await expect(unpackBundle(broken(), target)).rejects.toThrow("disk on fire");
    expect(readTree(outer)).toEqual(nothingBut);
  });

  it("refuses a path that is too long where it is to be unpacked", async () => {
    const parts = `${"d".repeat(200)}/`.repeat(10);
    const deep = join(
      target,
      "t".repeat(200),
      ..."x"
        .repeat(11)
        .split("")
        .map((letter) => letter.repeat(200)),
    );
    mkdirSync(deep, { recursive: true });
    const answer = await unpackBundle(chunks(bundleOf(pax({ path: `${parts}end` }), { path: "cut" })), deep);
    expect(answer).toMatchObject({ ok: false, problem: expect.stringContaining("too long for this file system") });
    expect(readdirSync(deep)).toEqual([]);
  });
});

describe("unpacking what chance makes of links", () => {
  const name = fc.constantFrom("a", "b", "c");
  const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((parts) => parts.join("/"));
  const step = fc.constantFrom("a", "b", "c", "..", "..", ".");
  const to = fc.array(step, { minLength: 1, maxLength: 4 }).map((parts) => parts.join("/"));
  const entry = fc.record({ path, type: fc.constantFrom("0", "1", "2", "2", "5"), linkpath: to });

  it("agrees with the server's check, and the file system finds no way out", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(entry, { minLength: 1, maxLength: 6 }), async (entries) => {
        const bytes = bundleOf(
          ...entries.map(({ linkpath, ...rest }) => ("12".includes(rest.type) ? { ...rest, linkpath } : rest)),
        );
        const answer = await unpack(bytes);
        expect(answer.ok).toBe((await checkBundle(chunks(bytes))).ok);
        expect(readdirSync(outer)).toEqual(["sentinel", "target"]);
        for (const [at, found] of Object.entries(readTree(target))) {
          if (found !== null && typeof found === "object" && "to" in found)
            expect(endOf(join(target, at))).toMatch(/^inside/);
        }
        for (const top of readdirSync(target)) rmSync(join(target, top), { recursive: true });
      }),
      { numRuns: 200 },
    );
  });

  function endOf(link: string): string {
    try {
      const end = realpathSync(link);
      return end === target || end.startsWith(`${target}/`) ? "inside" : `outside: ${end}`;
    } catch {
      return "inside, to nothing";
    }
  }
});

describe("the whole way: packed, checked, unpacked", () => {
  const odd = fc.constantFrom(
    "-rf",
    "a b",
    "li\nne",
    "é",
    "日本語",
    "emoji 🚀",
    "'q\"",
    "$HOME",
    "#x",
    "!y",
    "~",
    "*",
    "x".repeat(120),
    " ",
  );
  const letters = fc.string({ minLength: 1, maxLength: 12, unit: "grapheme" });
  const isName = (name: string) => !/[/\\\0]|^\.{1,2}$|^[A-Za-z]:/.test(name) && Buffer.byteLength(name) <= 255;
  const name = fc.oneof(
    odd,
    letters.filter((text) => isName(text) && text !== ".git" && text !== ".gitignore"),
  );
  const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((parts) => parts.join("/"));
  const entry: fc.Arbitrary<TreeEntry> = fc.oneof(
    fc.string({ maxLength: 2_000, unit: "binary" }),
    fc.string({ maxLength: 10 }).map((run) => ({ run })),
    fc.constant(null),
    fc.oneof(name, fc.constantFrom(".", "./x", "é/ü\nx")).map((to) => ({ to })),
  );
  const trees = fc.dictionary(path, entry, { maxKeys: 12 }).map(withoutClashes);

  it("ends with the folder it began with", async () => {
    await fc.assert(
      fc.asyncProperty(trees, async (tree) => {
        const source = makeTree(freshFolder(), tree);
        const folder = freshFolder();
        try {
          const { stream } = await packFolder(source, { includeGit: false });
          const bytes = Buffer.concat(await stream.toArray());
          expect(await checkBundle(chunks(bytes))).toMatchObject({ ok: true });
          expect(await unpackBundle(chunks(bytes), folder)).toEqual({ ok: true });
          expect(readTree(folder)).toEqual(readTree(source));
        } finally {
          rmSync(source, { recursive: true, force: true });
          rmSync(folder, { recursive: true, force: true });
        }
      }),
      { numRuns: 60 },
    );
  });
});

/** Without entries that lie below another one which is no folder. */
function withoutClashes(tree: Tree): Tree {
  const kept = new Map<string, TreeEntry>();
  for (const [path, entry] of Object.entries(tree)) {
    const above = path.split("/").map((_, at, parts) => parts.slice(0, at).join("/"));
    const isBelowEntry = above.some((folder) => kept.has(folder));
    const hasBelow = [...kept.keys()].some((other) => other.startsWith(`${path}/`));
    if (!isBelowEntry && !hasBelow) kept.set(path, entry);
  }
  return Object.fromEntries(kept);
}
