import { execFileSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { removeOwned, removeTree } from "../../runtime/machine/remove-tree";
import { brooms, sweep } from "../../runtime/machine/sweep";
import { digDeep, nameInBytes } from "../fixtures/hostile-tree";

const user = { uid: 54_400 + (process.pid % 100), gid: 54_400 };
const isRoot = process.geteuid?.() === 0;

let base: string;
let tree: string;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "onejob-tree-"));
  chmodSync(base, 0o711);
  tree = join(base, "tree");
  mkdirSync(tree);
});
afterEach(() => rm(base, { recursive: true, force: true }));

/** Folders whose owner took the right to change them from itself. */
function lock(dir: string): void {
  mkdirSync(join(dir, "a", "b", "c"), { recursive: true });
  writeFileSync(join(dir, "a", "b", "file"), "");
  for (const path of ["a/b/c", "a/b", "a"]) chmodSync(join(dir, path), 0);
}

const hostile: readonly (readonly [string, (dir: string) => unknown])[] = [
  ["deeper than a path can be long", (dir) => digDeep(dir)],
  ["named in bytes that are no text", nameInBytes],
  ["named like an option", (dir) => writeFileSync(join(dir, "-rf"), "")],
  ["locked", lock],
  ["hidden", (dir) => mkdirSync(join(dir, ".hidden", "..."), { recursive: true })],
];

/** Root is not held by locks, so this is what an ordinary user sees. */
async function asOrdinaryUser(action: () => Promise<void>): Promise<void> {
  if (!isRoot) return action();
  chownSync(base, user.uid, user.gid);
  chownSync(tree, user.uid, user.gid);
  process.seteuid?.(user.uid);
  try {
    await action();
  } finally {
    process.seteuid?.(0);
  }
}

describe("a folder that a job left", () => {
  it.each(hostile)("is removed when what lies in it is %s", async (_, make) => {
    await asOrdinaryUser(async () => {
      make(tree);
      await removeTree(tree);
    });
    expect(readdirSync(base)).toEqual([]);
  });

  it.each(hostile)("is emptied step by step, without other programs, when what lies in it is %s", async (_, make) => {
    await asOrdinaryUser(async () => {
      make(tree);
      await sweep({ dir: tree, rights: undefined }, "step-by-step");
    });
    expect(readdirSync(tree)).toEqual([]);
  });

  it("may be gone already, or be a link, which is not followed", async () => {
    writeFileSync(join(tree, "file"), "");
    const link = join(base, "link");
    symlinkSync(tree, link);
    await removeTree(link);
    await removeTree(link);
    expect(readdirSync(base)).toEqual(["tree"]);
    expect(readdirSync(tree)).toEqual(["file"]);
  });

  it.each(brooms)("is emptied without following links in it (%s)", async (broom) => {
    const dir = join(base, "other");
    mkdirSync(dir);
    symlinkSync(tree, join(dir, "link"));
    writeFileSync(join(tree, "file"), "");
    await sweep({ dir, rights: undefined }, broom);
    expect([readdirSync(dir), readdirSync(tree)]).toEqual([[], ["file"]]);
  });
});

const asRootTests = (): void => {
  beforeEach(() => chownSync(tree, user.uid, user.gid));

  it("is removed by root with its user's rights", async () => {
    digDeep(tree, user);
    execFileSync("sh", ["-c", "mkdir -p a/b; echo > a/b/file; chmod 0 a/b a ."], { cwd: tree, ...user });
    await removeTree(tree, user);
    expect(readdirSync(base)).toEqual([]);
  });

  it("never has root remove what its user could not, whatever stands in it by then", async () => {
    const precious = join(tree, "swapped-in");
    mkdirSync(precious);
    writeFileSync(join(precious, "file"), "");
    await expect(removeTree(tree, user)).rejects.toThrow(tree);
    expect(existsSync(join(precious, "file"))).toBe(true);
    const { uid, mode } = statSync(tree);
    expect([uid, mode & 0o777]).toEqual([0, 0o700]);
  });

  it("goes on where a try before left it to root", async () => {
    writeFileSync(join(tree, "file"), "");
    chownSync(tree, 0, 0);
    await removeTree(tree, user);
    expect(readdirSync(base)).toEqual([]);
  });

  it("stays when it belongs to somebody else", async () => {
    chownSync(tree, user.uid + 1, user.gid);
    await expect(removeTree(tree, user)).rejects.toThrow(`belongs to user ${user.uid + 1}`);
    expect(existsSync(tree)).toBe(true);
  });

  it.each(brooms.filter((broom) => broom !== "remove"))(
    "loses, among others' things, only what its user has there, in bytes or locked (%s)",
    async (broom) => {
      chownSync(tree, 0, 0);
      chmodSync(tree, 0o1777);
      execFileSync("sh", ["-c", "mkdir -p mine/a; chmod 0 mine/a mine; echo > plain"], { cwd: tree, ...user });
      chownSync(nameInBytes(tree), user.uid, user.gid);
      mkdirSync(join(tree, "others"));
      await sweep({ dir: tree, rights: user, onlyOf: user.uid }, broom);
      expect(readdirSync(tree)).toEqual(["others"]);
    },
  );

  it("loses what its user has in an open folder, and says so when it cannot", async () => {
    chownSync(tree, 0, 0);
    chmodSync(tree, 0o1777);
    chownSync(nameInBytes(tree), user.uid, user.gid);
    await removeOwned(tree, user);
    expect(readdirSync(tree)).toEqual([]);
    mkdirSync(join(tree, "mine", "swapped-in"), { recursive: true });
    writeFileSync(join(tree, "mine", "swapped-in", "file"), "");
    chownSync(join(tree, "mine"), user.uid, user.gid);
    await expect(removeOwned(tree, user)).rejects.toThrow(tree);
  });
};

if (isRoot) describe("a folder that a job with a user of its own left", asRootTests);
