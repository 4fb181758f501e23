/**
 * Which files of a working folder git would leave out: `.gitignore` at every level, those above the folder up to the
 * repository's root, and `.git/info/exclude`.
 *
 * All rules that hold in a folder are one list, those of deeper files last, each rewritten to begin at the root. A
 * matcher per file could not say what git says when one file takes back what a file above it ruled about a folder.
 */
import { existsSync, lstatSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import ignore, { type Ignore } from "ignore";

export class IgnoreRules {
  readonly #matcher: Ignore;
  /** From the rules' root to the packed folder; "" or ending with "/". */
  readonly #base: string;

  constructor(matcher: Ignore, base: string) {
    this.#matcher = matcher;
    this.#base = base;
  }

  /** `path` is relative to the packed folder. Whoever asks does not go into ignored folders. */
  ignores(path: string, { isFolder }: { isFolder: boolean }): boolean {
    return this.#matcher.ignores(`${this.#base}${path}${isFolder ? "/" : ""}`);
  }

  /** With those of a `.gitignore` in `folder` ("" is the packed folder itself). */
  with(folder: string, text: string): IgnoreRules {
    return new IgnoreRules(extend(this.#matcher, `${this.#base}${folder}`, text), this.#base);
  }
}

/** What holds in `root` because of files above it. */
export function rulesAbove(root: string): IgnoreRules {
  const repository = repositoryOf(root);
  if (repository === null) return new IgnoreRules(none(), "");
  const steps = relative(repository, root)
    .split(sep)
    .filter((step) => step !== "");
  let matcher = extend(none(), "", readIfThere(excludeFile(repository)));
  for (const [depth] of steps.entries()) {
    const folder = steps.slice(0, depth).join("/");
    matcher = extend(matcher, folder, readIfThere(join(repository, folder, ".gitignore")));
  }
  const base = steps.map((step) => `${step}/`).join("");
  // A folder that git ignores, but that was named to be packed: what is in it is wanted.
  return base !== "" && matcher.ignores(base) ? new IgnoreRules(none(), "") : new IgnoreRules(matcher, base);
}

function repositoryOf(folder: string): string | null {
  for (let at = folder; ; at = dirname(at)) {
    if (existsSync(join(at, ".git"))) return at;
    if (dirname(at) === at) return null;
  }
}

/** In a linked worktree and in a submodule `.git` is a file that says where the rest is. */
function excludeFile(repository: string): string {
  const dotGit = join(repository, ".git");
  if (lstatSync(dotGit).isDirectory()) return join(dotGit, "info", "exclude");
  const told = /^gitdir: (.+)$/m.exec(readIfThere(dotGit))?.[1];
  const gitDir = resolve(repository, told ?? ".git");
  return join(resolve(gitDir, readIfThere(join(gitDir, "commondir")).trim()), "info", "exclude");
}

function readIfThere(file: string): string {
  try {
    // Git does not follow a `.gitignore` that is a link either.
    return lstatSync(file).isFile() ? readFileSync(file, "utf8") : "";
  } catch {
    return "";
  }
}

function none(): Ignore {
  return ignore({ ignorecase: false });
}

function extend(matcher: Ignore, folder: string, text: string): Ignore {
  const rules = text
    .replace(/^\ufeff/, "")
    .split(/\r?\n/)
    .flatMap((line) => ruleFrom(line, folder.replace(/\/$/, "")));
  return rules.length === 0 ? matcher : none().add(matcher).add(rules);
}

/** The line as it would stand in the root's `.gitignore`; none for a comment or an empty line. */
function ruleFrom(line: string, folder: string): string[] {
  const rule = line.replace(/(?<!\\) +$/, "");
  const isNegative = rule.startsWith("!");
  const body = isNegative ? rule.slice(1) : rule;
  if (rule.startsWith("#") || body === "" || body === "/") return [];
  const isAnchored = body.replace(/\/$/, "").includes("/");
  const below = isAnchored ? body.replace(/^\//, "") : `**/${body}`;
  const prefix = folder === "" ? "/" : `/${folder.replace(/[\\*?[\]]/g, "\\$&")}/`;
  return [`${isNegative ? "!" : ""}${prefix}${below}`];
}
