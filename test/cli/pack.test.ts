import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { packFolder, type PackOptions } from "../../runtime/cli/pack";
import { bundleLimits } from "../../runtime/core/bundle";
import { asNobody } from "../fixtures/as-nobody";
import { packedPaths } from "../fixtures/packed-paths";
import { freshFolder, makeTree, type Tree } from "../fixtures/source-tree";

let root: string;
beforeEach(() => {
  root = freshFolder();
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

async function bytesOf(dir: string): Promise<Buffer> {
  const { stream } = await packFolder(dir, { includeGit: false });
  return Buffer.concat(await stream.toArray());
}

const packed = (options: PackOptions = { includeGit: false }) => packedPaths(root, options);
const make = (tree: Tree) => makeTree(root, tree);

describe("what is packed", () => {
  it("takes files, empty folders and links, in order of their names and links last", async () => {
    make({ "b.txt": "b", "a/z": { to: "../b.txt" }, "a/c": "c", empty: null, "-x": "dash" });
    expect(await packed()).toEqual(["-x", "a/", "a/c", "b.txt", "empty/", "a/z"]);
  });

  it("says how much it is", async () => {
    make({ "a/b": "12345", c: "678" });
    expect(await packFolder(root, { includeGit: false })).toMatchObject({ entries: 3, bytes: 8, warnings: [] });
  });

  it("makes the same bytes of the same folder", async () => {
    make({ a: "1", "b/c": { run: "2" }, [`${"long".repeat(40)}é`]: "3" });
    const other = makeTree(freshFolder(), { [`${"long".repeat(40)}é`]: "3", "b/c": { run: "2" }, a: "1" });
    for (const dir of [root, other]) {
      for (const path of ["a", "b", "b/c", `${"long".repeat(40)}é`]) utimesSync(join(dir, path), 1_000, 2_000);
    }
    expect((await bytesOf(root)).equals(await bytesOf(other))).toBe(true);
    rmSync(other, { recursive: true });
  });

  it("leaves out .git at every level, unless it is asked for", async () => {
    make({ ".git/HEAD": "ref", ".git/objects/a": "x", "sub/.git": "gitdir: ../x", a: "a" });
    expect(await packed()).toEqual(["a", "sub/"]);
    const all = [".git/", ".git/HEAD", ".git/objects/", ".git/objects/a", "a", "sub/", "sub/.git"];
    expect(await packed({ includeGit: true })).toEqual(all);
  });

  it("takes all of .git when it is asked for, whatever .gitignore says", async () => {
    make({ ".git/x.log": "1", ".gitignore": "*.log\n.git\n", "y.log": "2" });
    expect(await packed({ includeGit: true })).toEqual([".git/", ".git/x.log", ".gitignore"]);
  });

  it("leaves out pipes and sockets, and says so", async () => {
    make({ a: "a" });
    execFileSync("mkfifo", [join(root, "pipe")]);
    const server = createServer().listen(join(root, "sock"));
    await new Promise((resolve) => server.once("listening", resolve));
    const { warnings } = await packFolder(root, { includeGit: false });
    expect(warnings).toEqual(['"pipe" is left out: it is a named pipe', '"sock" is left out: it is a socket']);
    expect(await packed()).toEqual(["a"]);
    await new Promise((resolve) => server.close(resolve));
  });

  it("packs a folder that is named through a link", async () => {
    make({ "real/a": "a", seeming: { to: "real" } });
    expect(await packedPaths(join(root, "seeming"))).toEqual(["a"]);
  });
});

describe("what is refused before anything is sent", () => {
  const refuse = (problem: string | RegExp, options: Partial<PackOptions> = {}) =>
    expect(packFolder(root, { includeGit: false, ...options })).rejects.toMatchObject({
      code: "bundle-refused",
      detail: typeof problem === "string" ? problem : expect.stringMatching(problem),
    });

  it("a link that leaves the folder, by its name", async () => {
    make({ "a/out": { to: "../../x" } });
    await refuse('"a/out" links to "../../x", which leaves the folder');
  });

  it("a link to an absolute path", async () => {
    make({ out: { to: join(root, "a") } });
    await refuse(/^"out" links to ".*", which is absolute$/);
  });

  it("nothing for a link that leaves but is ignored", async () => {
    make({ ".gitignore": "result\n", result: { to: "/nix/store" } });
    expect(await packed()).toEqual([".gitignore"]);
  });

  it("nothing for a link that climbs through a real folder", async () => {
    make({ "a/b": "", l: { to: "a/../a/b" } });
    expect(await packed()).toEqual(["a/", "a/b", "l"]);
  });

  it("too many bytes, with what takes most of them", async () => {
    make({ "data/big": "x".repeat(3_000), "data/small": "x".repeat(500), other: "x" });
    const what = '"data" (3.4 KiB), "data/big" (2.9 KiB), "data/small" (500 bytes), "other" (1 bytes)';
    await refuse(`it holds 3.4 KiB, more than 2 KiB; the largest: ${what}`, {
      limits: { ...bundleLimits, unpackedBytes: 2_048 },
    });
  });

  it("too many entries, with the fullest folders", async () => {
    make({ "a/1": "", "a/2": "", "a/3": "", b: "" });
    const what = '"a" (4 entries), "b" (1 entries)';
    await refuse(`it holds more than 4 files, folders and links; the fullest so far: ${what}`, {
      limits: { ...bundleLimits, entries: 4 },
    });
  });

  it("a name with a backslash", async () => {
    make({ "a\\b": "" });
    await refuse(/^"a\\\\b" has a name that holds a backslash/);
  });

  it("a name that is not UTF-8", async () => {
    writeFileSync(Buffer.concat([Buffer.from(`${root}/bad`), Buffer.from([0xff])]), "");
    await refuse(/^"bad.*" has a name that is not UTF-8$/);
  });

  it("a link to a name that is not UTF-8", async () => {
    symlinkSync(Buffer.from([0xff]), join(root, "l"));
    await refuse('"l" links to a name that is not UTF-8');
  });

  it("a folder that is none", async () => {
    make({ a: "" });
    await expect(packFolder(join(root, "a"), { includeGit: false })).rejects.toMatchObject({ code: "usage" });
    await expect(packFolder(join(root, "none"), { includeGit: false })).rejects.toMatchObject({ code: "usage" });
  });

  it.each(["file", "folder"])("a %s that may not be read", async (kind) => {
    mkdirSync(join(root, "secret"));
    writeFileSync(join(root, "secret/key"), "");
    chmodSync(join(root, kind === "file" ? "secret/key" : "secret"), 0);
    chmodSync(root, 0o755);
    const path = kind === "file" ? "secret/key" : "secret";
    await asNobody(() => refuse(`"${path}" cannot be read (EACCES)`));
    chmodSync(join(root, path), 0o700);
  });
});

describe("what changes while it is packed", () => {
  const big = "x".repeat(3_000_000);

  it.each<[string, (path: string) => void, RegExp]>([
    ["vanishes", (path) => rmSync(path), /^"big" changed or vanished/],
    ["grows", (path) => appendFileSync(path, "more"), /^"big" changed while/],
    ["shrinks", (path) => truncateSync(path, 10), /^"big" changed while/],
    ["becomes a link", (path) => (rmSync(path), symlinkSync("/etc/passwd", path)), /^"big" changed or vanished/],
    ["becomes a pipe", (path) => (rmSync(path), execFileSync("mkfifo", [path])), /^"big" changed while/],
  ])("is named, and the archive does not end, when a file %s before it is read", async (_, change, detail) => {
    make({ a: "1", big });
    const { stream } = await packFolder(root, { includeGit: false });
    change(join(root, "big"));
    await expect(stream.toArray()).rejects.toMatchObject({
      code: "bundle-refused",
      detail: expect.stringMatching(detail),
    });
  });

  it("is named when a file shrinks in the middle of being read", async () => {
    // Random, so that it does not pack to nothing: its end is far when the first piece arrives.
    writeFileSync(join(root, "big"), randomBytes(4_000_000));
    const { stream } = await packFolder(root, { includeGit: false });
    const read = async () => {
      let isFirst = true;
      for await (const _ of stream) {
        if (isFirst) truncateSync(join(root, "big"), 10);
        isFirst = false;
      }
    };
    await expect(read()).rejects.toMatchObject({ detail: expect.stringMatching(/^"big" changed while/) });
  });

  it("stops with a clear word when it packs to more than may travel", async () => {
    make({ big });
    const { stream } = await packFolder(root, { includeGit: false, limits: { ...bundleLimits, packedBytes: 100 } });
    await expect(stream.toArray()).rejects.toMatchObject({ detail: expect.stringContaining("larger than 100 bytes") });
  });
});
