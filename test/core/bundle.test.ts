import fc from "fast-check";
import {
  bundleLimits,
  emptyBundle,
  judgeEntry,
  type BundleEntry,
  type BundleLimits,
  type BundleVerdict,
} from "../../runtime/core/bundle";
import { shown, sizeText } from "../../runtime/core/bundle-names";

const file = (path: string, size = 0): BundleEntry => ({ path, type: "file", linkpath: null, size });
const folder = (path: string): BundleEntry => ({ path, type: "directory", linkpath: null, size: 0 });
const link = (path: string, linkpath: string): BundleEntry => ({ path, type: "symlink", linkpath, size: 0 });
const hard = (path: string, linkpath: string): BundleEntry => ({ path, type: "hardlink", linkpath, size: 0 });

/** The verdict on the last entry; those before it must pass. */
function judge(entries: readonly BundleEntry[], limits: BundleLimits = bundleLimits): BundleVerdict {
  const totals = emptyBundle();
  const verdicts = entries.map((entry) => judgeEntry(entry, totals, limits));
  expect(verdicts.slice(0, -1).filter(({ ok }) => !ok)).toEqual([]);
  const last = verdicts.at(-1);
  if (last === undefined) throw new Error("nothing to judge");
  return last;
}

describe("what may travel", () => {
  it.each<[string, BundleEntry[], string]>([
    ["a file", [file("a")], "a"],
    ["the folder itself", [folder("./")], ""],
    ["a path with dots and doubled slashes, put straight", [file("./a//b/./c")], "a/b/c"],
    ["a name that begins with a dash", [file("-rf")], "-rf"],
    ["a name of dots that is none of the special two", [file("...")], "..."],
    ["a line break in a name", [file("a\nb")], "a\nb"],
    ["the same file again", [file("a", 1), file("a", 2)], "a"],
    ["the same folder again", [folder("a"), file("a/b"), folder("a/")], "a"],
    ["a link to a neighbour", [link("a", "b")], "a"],
    ["a link from below to the root", [link("a/b", "..")], "a/b"],
    ["a link that climbs and descends", [link("a/b/c", "../../x/y")], "a/b/c"],
    ["a link that climbs out of a known folder", [folder("x"), link("a", "x/../y")], "a"],
    ["a link to nothing that is there", [link("a", "nowhere/at/all")], "a"],
    ["a hard link to an earlier file", [file("a"), hard("b/c", "./a")], "b/c"],
    ["a hard link to a hard link", [file("a"), hard("b", "a"), hard("c", "b")], "c"],
  ])("%s", (_, entries, path) => {
    expect(judge(entries)).toMatchObject({ ok: true, path });
  });

  it("names the folders that only the path of an entry makes, outermost first", () => {
    expect(judge([folder("a"), file("a/b/c/d")])).toMatchObject({ newFolders: ["a/b", "a/b/c"], replaces: false });
  });

  it("says when an entry takes the place of an earlier one", () => {
    expect(judge([file("a"), file("./a")])).toMatchObject({ replaces: true });
  });

  it("gives a hard link's target from the root", () => {
    expect(judge([file("a/b"), hard("a/c", "./a//b")])).toMatchObject({ target: "a/b" });
  });
});

describe("the limits", () => {
  it("are those that were promised", () => {
    expect(bundleLimits).toMatchObject({ packedBytes: 512 * 2 ** 20, unpackedBytes: 2 * 2 ** 30, entries: 200_000 });
  });

  it("let exactly 2 GiB pass, and not one byte more", () => {
    const half = bundleLimits.unpackedBytes / 2;
    expect(judge([file("a", half), file("b", half)])).toMatchObject({ ok: true });
    expect(judge([file("a", half), file("b", half), file("c", 1)])).toEqual({
      ok: false,
      problem: '"c" brings the unpacked size above the limit of 2 GiB',
    });
  });

  it("let exactly 200,000 entries pass, and not one more", () => {
    const entries = Array.from({ length: bundleLimits.entries }, (_, at) => file(String(at)));
    expect(judge(entries)).toMatchObject({ ok: true });
    expect(judge([...entries, file("one more")])).toEqual({
      ok: false,
      problem: 'with "one more" there are more than 200000 files, folders and links',
    });
  });

  it("count folders that only show in paths, for they are made all the same", () => {
    expect(judge([file("a/b/c/d")], { ...bundleLimits, entries: 3 })).toMatchObject({ ok: false });
  });

  it("count an entry that comes again and again", () => {
    expect(judge([file("a"), file("a"), file("a")], { ...bundleLimits, entries: 2 })).toMatchObject({ ok: false });
  });

  it("bound what all names take together", () => {
    const limits = { ...bundleLimits, nameLength: 10 };
    expect(judge([file("aaaaa"), link("b", "cccc")], limits)).toMatchObject({ ok: true });
    expect(judge([file("aaaaa"), link("b", "ccccc")], limits)).toMatchObject({ ok: false });
  });

  it.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY])("refuse the impossible size %d", (size) => {
    expect(judge([file("a", size)])).toMatchObject({ ok: false });
  });
});

describe("the promise behind the rules", () => {
  const name = fc.constantFrom("a", "b", "c");
  const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((parts) => parts.join("/"));
  const step = fc.constantFrom("a", "b", "c", "..", "..", ".");
  const target = fc.array(step, { minLength: 1, maxLength: 5 }).map((parts) => parts.join("/"));
  const entry = fc.oneof(
    path.map(folder),
    fc.tuple(path, target).map(([from, to]) => link(from, to)),
  );

  it("no link of an accepted folder leads out of it, whatever it passes on its way", () => {
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 8 }), (entries) => {
        const totals = emptyBundle();
        const links = new Map<string, string>();
        for (const one of entries) {
          const verdict = judgeEntry(one, totals);
          if (verdict.ok && one.linkpath !== null) links.set(verdict.path, one.linkpath);
          // What comes after a refusal is judged against totals that mean nothing.
          if (!verdict.ok) break;
        }
        for (const from of links.keys()) expect(leavesRoot(from, links)).toBe(false);
      }),
      { numRuns: 5_000 },
    );
  });
});

/** Walks as a kernel does: into every link it meets, step by step, from the folder that really holds it. */
function leavesRoot(path: string, links: ReadonlyMap<string, string>): boolean {
  const steps = path.split("/");
  let at: string[] = [];
  for (let budget = 200; steps.length > 0 && budget > 0; budget -= 1) {
    const next = steps.shift() ?? "";
    if (next === ".") continue;
    if (next === "..") {
      if (at.length === 0) return true;
      at = at.slice(0, -1);
      continue;
    }
    const target = links.get([...at, next].join("/"));
    if (target === undefined) at = [...at, next];
    else steps.unshift(...target.split("/"));
  }
  return false;
}

describe("names as people read them", () => {
  it.each([
    ["plain", '"plain"'],
    ['with "quotes"', '"with \\"quotes\\""'],
    ["\u001b[2J\u009b\u202e", '"\\u001b[2J\\u009b\\u202e"'],
  ])("%j", (given, expected) => {
    expect(shown(given)).toBe(expected);
  });

  it("are shortened in the middle", () => {
    expect(shown(`begin${"x".repeat(500)}end`)).toMatch(/^"begin.*….*end"$/);
    expect(shown("x".repeat(500))).toHaveLength(122);
  });

  it.each([
    [0, "0 bytes"],
    [1_023, "1023 bytes"],
    [1_536, "1.5 KiB"],
    [2 ** 31, "2 GiB"],
  ])("%d bytes are %s", (bytes, text) => {
    expect(sizeText(bytes)).toBe(text);
  });
});
