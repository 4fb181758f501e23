/** What people read must lead somewhere: links, commands and their options, settings, and the ready-made files. */
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join, posix } from "node:path";
import { settingKeys } from "../runtime/core/settings-keys";
import { Terminal } from "./cli/terminal";

const root = join(__dirname, "..");
const namesIn = (folder: string): string[] => readdirSync(join(root, folder)).filter((name) => name.endsWith(".md"));
const pages = [...namesIn("."), ...namesIn("docs").map((name) => `docs/${name}`)];
const textOf = (path: string): string => readFileSync(join(root, path), "utf8");

describe("the docs", () => {
  it("are read at all", () => {
    expect(pages).toContain("docs/concepts.md");
  });

  it("list every page in their index", () => {
    const listed = namesIn("docs").filter(
      (name) => name === "README.md" || textOf("docs/README.md").includes(`(${name})`),
    );
    expect(listed).toEqual(namesIn("docs"));
  });
});

describe("a link", () => {
  const links = pages.flatMap((from) =>
    [...textOf(from).matchAll(/\]\(([^)\s]+)\)/g)]
      .map(([, to = ""]) => [from, to] as const)
      .filter(([, to]) => !/^[a-z]+:/.test(to)),
  );

  it.each(links)("of %s to %s leads to a file, and to a heading in it", (from, to) => {
    const [file = "", heading] = to.split("#");
    const target = file === "" ? from : posix.join(posix.dirname(from), file);
    expect(existsSync(join(root, target)) ? target : `${target} is absent`).toBe(target);
    if (heading !== undefined) expect(anchorsOf(target)).toContain(heading);
  });
});

/** As forges make it of a heading. */
function anchorsOf(path: string): readonly string[] {
  const headings = [...textOf(path).matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) => heading.toLowerCase());
  return headings.map((heading) => heading.replace(/[^\p{L}\p{N} _-]/gu, "").replaceAll(" ", "-"));
}

describe("a command", () => {
  const code = pages.flatMap((path) => {
    const text = textOf(path);
    const lines = [...text.matchAll(/^```sh\n([^]*?)^```/gm)].flatMap(([, block = ""]) => block.split("\n"));
    return [...lines, ...[...text.matchAll(/`([^`\n]+)`/g)].map(([, span = ""]) => span)];
  });
  const invocation = /(?:^ *|\$\(|&& |--no-install |sudo |-u onejob )onejob ((?:--[a-z-]+ \S+ )*[a-z]+\b.*)/;
  // What follows ` -- ` is the job's, what follows # or | is somebody else's.
  const used = code.flatMap((line) => {
    const [, words = ""] = invocation.exec(line) ?? [];
    const ours = (words.split(/ -- | #|[|>&)]/)[0] ?? "").trim();
    // `config explain` has options of its own, so all the words before the first other one name the command.
    const [path = ""] = /^[a-z]+(?:-[a-z]+)*(?: [a-z]+)*\b/.exec(ours.replace(/--[a-z-]+ \S+ /g, "")) ?? [];
    const command = path.split(" ");
    const options = [...ours.matchAll(/(?<= |^)--[a-z-]+/g)].map(([option]) => option);
    return words === "" ? [] : [{ ours, command, options }];
  });
  const unique = [...new Map(used.map((one) => [one.ours, one])).values()];

  it("stands in the docs at all", () => {
    expect(unique.flatMap(({ command }) => command)).toContain("submit");
  });

  it.each(unique)("that the docs name exists, with its options: onejob $ours", async ({ command, options }) => {
    const terminal = new Terminal();
    try {
      const [all, one] = [await terminal.run("--help"), await terminal.run(...command, "--help")];
      expect(all.out).toMatch(new RegExp(`^ {2}${command[0]}\\b`, "m"));
      for (const option of options) expect(all.out + one.out).toContain(option);
    } finally {
      terminal.remove();
    }
  });
});

describe("a setting", () => {
  const known = new Set(settingKeys().map(({ path }) => path));
  const named = pages.flatMap((path) =>
    [...textOf(path).matchAll(/`((?:server|profiles\[\]|lease|sweep|retention)\.[A-Za-z.]+)`/g)].map(
      ([, setting = ""]) => [path, setting] as const,
    ),
  );

  it.each(named.filter(([, setting]) => !/\.json$/.test(setting)))("that %s names exists: %s", (_, setting) => {
    expect([...known]).toContain(setting);
  });
});

describe("the unit file", () => {
  const unit = textOf("docs/examples/onejob.service");
  const lines = unit.split("\n").filter((line) => line !== "" && !line.startsWith("#"));

  it("leaves agents alone when the server stops, and does not empty /tmp under them", () => {
    expect(lines).toEqual(expect.arrayContaining(["KillMode=process", "PrivateTmp=no"]));
  });

  it("puts the server into the group from which limits can be enforced", () => {
    const cgroup = textOf("runtime/compute/process/cgroup.ts");
    const [, name = "none"] = /const serverGroup = "([^"]+)"/.exec(cgroup) ?? [];
    expect(lines).toEqual(expect.arrayContaining(["Delegate=yes", `DelegateSubgroup=${name}`]));
  });

  it("holds nothing but sections and settings", () => {
    expect(lines.filter((line) => !/^(\[[A-Z][a-z]+\]|[A-Z][A-Za-z]+=.*)$/.test(line))).toEqual([]);
  });
});
