import { rmSync } from "node:fs";
import { join } from "node:path";
import { packedPaths } from "../fixtures/packed-paths";
import { freshFolder, makeTree, type Tree } from "../fixtures/source-tree";

let root: string;
beforeEach(() => {
  root = freshFolder();
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const packed = (dir = root) => packedPaths(dir);
const make = (tree: Tree) => makeTree(root, tree);

describe("what .gitignore leaves out", () => {
  it.each<[string, Tree, string[]]>([
    ["a name at every level", { ".gitignore": "x\n", x: "", "a/x": "", "a/y": "" }, ["a/y"]],
    ["a folder with all that is in it", { ".gitignore": "out/\n", "out/a": "", "b/out": "" }, ["b/out"]],
    ["an anchored name only where it stands", { ".gitignore": "/x\n", x: "", "a/x": "" }, ["a/x"]],
    ["all but what is taken back", { ".gitignore": "*.log\n!keep.log\n", "a.log": "", "keep.log": "" }, ["keep.log"]],
    ["nothing taken back below an ignored folder", { ".gitignore": "d/\n!d/keep\n", "d/keep": "", a: "" }, ["a"]],
    ["a deeper rule only there", { "a/.gitignore": "x\n", "a/x": "", "a/b/x": "", x: "" }, ["x"]],
    [
      "a deeper anchored rule from there",
      { "a/.gitignore": "/b/x\n", "a/b/x": "", "b/x": "", "a/c/b/x": "" },
      ["a/c/b/x", "b/x"],
    ],
    [
      "what a deeper file takes back is kept",
      { ".gitignore": "*.o\n", "a/.gitignore": "!x.o\n", "a/x.o": "", "x.o": "" },
      ["a/x.o"],
    ],
    [
      "a folder a deeper file takes back, with all that no rule names itself",
      { ".gitignore": "build/\n*.o\n", "p/.gitignore": "!build/\n", "p/build/a": "", "p/build/b.o": "", "build/c": "" },
      ["p/build/a"],
    ],
    [
      "a folder with signs that rules have a meaning for",
      { "[a]*/.gitignore": "x\n", "[a]*/x": "", "a/x": "" },
      ["a/x"],
    ],
    [
      "comments, empty lines, CRLF and spaces at the end aside",
      { ".gitignore": "# x\r\n\r\ny  \r\n", "# x": "", x: "", y: "" },
      ["# x", "x"],
    ],
    [
      "names with an escaped sign",
      {
        ".gitignore": "\\#a\n\\!b\n",
        "c/.gitignore": "\\#d\n\\!e\n",
        "#a": "",
        "!b": "",
        "c/#d": "",
        "c/!e": "",
        f: "",
      },
      ["f"],
    ],
    [
      "everything but one folder",
      { ".gitignore": "/*\n!/src\n!.gitignore\n", "src/a": "", b: "", "c/d": "" },
      ["src/a"],
    ],
    [
      "nothing by a link instead of a file",
      { rules: "a\n", ".gitignore": { to: "rules" }, a: "" },
      [".gitignore", "a", "rules"],
    ],
    ["by case", { ".gitignore": "Readme\n", readme: "", Readme: "" }, ["readme"]],
  ])("%s", async (_, tree, expected) => {
    make(tree);
    const files = (await packed()).filter((path) => !path.endsWith("/"));
    const own = (path: string) => typeof tree[path] === "string" && path.endsWith(".gitignore");
    expect(files.filter((path) => !own(path)).sort()).toEqual(expected);
  });

  it("keeps a folder of which everything is ignored, as an empty one", async () => {
    make({ ".gitignore": "*.tmp\n", "a/x.tmp": "" });
    expect(await packed()).toEqual([".gitignore", "a/"]);
  });

  it("heeds .git/info/exclude, below the rules of every .gitignore", async () => {
    make({ ".git/info/exclude": "x\ny\n", ".gitignore": "!y\n", x: "", y: "" });
    expect(await packed()).toEqual([".gitignore", "y"]);
  });

  it("heeds info/exclude where .git is a file that points to it, as in a linked worktree", async () => {
    make({ "main/.git/worktrees/w/commondir": "../..\n", "main/.git/info/exclude": "x\n" });
    make({ "w/.git": `gitdir: ${join(root, "main/.git/worktrees/w")}\n`, "w/x": "", "w/y": "" });
    expect(await packed(join(root, "w"))).toEqual(["y"]);
  });

  it("heeds the rules of the repository above the packed folder", async () => {
    make({ ".git/HEAD": "", ".gitignore": "x\n/sub/y\n/z\n", "sub/x": "", "sub/y": "", "sub/z": "" });
    expect(await packed(join(root, "sub"))).toEqual(["z"]);
  });

  it("packs a folder that git ignores, when it is the one that was named", async () => {
    make({ ".git/HEAD": "", ".gitignore": "out/\n", "out/a": "", "out/.gitignore": "b\n", "out/b": "" });
    expect(await packed(join(root, "out"))).toEqual([".gitignore", "a"]);
  });
});
