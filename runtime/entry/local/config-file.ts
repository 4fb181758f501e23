/** Finds, reads and checks the config file. */
import { lstatSync } from "node:fs";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { LineCounter, parseDocument } from "yaml";
import type { Document, YAMLError } from "yaml";
import { OnejobError } from "../../core/errors";
import { builtInSettings, readSettings } from "../../core/read-settings";
import type { Problem, SettingsContext } from "../../core/read-settings";
import type { Settings } from "../../core/settings";
import { errorCode } from "../../core/error-facts";
import { homeFolder } from "./home-folder";
import { readText } from "./read-text";
import { settingsIn } from "./settings-paths";

export interface ConfigSearch {
  /** `--config` */
  readonly flag?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
}

/** Flag, `ONEJOB_CONFIG`, ./onejob.yaml, the user's config folder; `null`: none, so the built-in settings hold. */
export function findConfigFile({ flag, env, cwd }: ConfigSearch): string | null {
  const named = flag ?? (env["ONEJOB_CONFIG"] || undefined);
  if (named !== undefined) {
    const path = resolve(cwd, named);
    if (!isThere(path)) throw fileError(path, "does not exist", "correct the path, or write one with `onejob init`");
    return path;
  }
  const xdg = env["XDG_CONFIG_HOME"] ?? "";
  // The XDG standard has relative paths ignored.
  const configHome = isAbsolute(xdg) ? xdg : join(env["HOME"] || homeFolder(), ".config");
  return [join(cwd, "onejob.yaml"), join(configHome, "onejob", "onejob.yaml")].find(isThere) ?? null;
}

/** A link that leads nowhere counts as there: to pass it over would mean to run with other settings, silently. */
function isThere(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch {
    // A folder we may not enter holds nothing for us; a service often has the home of another user.
    return false;
  }
}

/** Throws `bad-config` with every problem in its message and, as `{file, problems}`, in its details. */
export function loadSettings(path: string | null, context: SettingsContext = thisMachine()): Settings {
  if (path === null) return builtInSettings(context);
  const result = readConfigText(readConfigFile(path), context);
  if (result.ok) return settingsIn(dirname(path), result.settings);
  throw configError(path, result.problems);
}

export function thisMachine(): SettingsContext {
  return { os: process.platform, arch: process.arch };
}

/** One line each: `path: what (fix)`. */
export function problemLines(problems: readonly Problem[]): string[] {
  return problems.map(({ path, what, fix }) => `${path === "" ? "(whole file)" : path}: ${what} (${fix})`);
}

function configError(file: string, problems: readonly Problem[], cause?: unknown): OnejobError {
  const detail = [file, ...problemLines(problems).map((line) => `  ${line}`)].join("\n");
  return new OnejobError("bad-config", detail, { cause, details: { file, problems } });
}

function fileError(file: string, what: string, fix: string): OnejobError {
  return configError(file, [{ path: "", what, fix }]);
}

/** Far more than anybody writes; beyond it the parser would take minutes. */
const mostBytes = 256 * 1024;

function readConfigFile(path: string): string {
  try {
    return readText(path, mostBytes);
  } catch (cause) {
    const tooLarge = { what: "is larger than 256 KiB", fix: "give the config file; this is something else" };
    const unread = { what: `cannot be read: ${errorCode(cause)}`, fix: "give a file that this user may read" };
    throw configError(path, [{ path: "", ...(errorCode(cause) === "EFBIG" ? tooLarge : unread) }], cause);
  }
}

/** The settings a text holds, or all that is wrong with it. */
export function readConfigText(text: string, context: SettingsContext): ReturnType<typeof readSettings> {
  const lines = new LineCounter();
  // `prettyErrors` would quote the line, and with it whatever stands there.
  // Of a list or map as key it would make a text: with a warning that quotes the file, and for ever where such are nested.
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, merge: true, stringKeys: true });
  const findings = [...document.errors, ...document.warnings];
  const problems = findings.map((finding) => syntaxProblem(finding, lines));
  // A doubled key still leaves a file that can be checked; after other mistakes the rest would be guesswork.
  if (findings.some(({ code }) => code !== "DUPLICATE_KEY")) return { ok: false, problems };
  const raw = plainData(document);
  if (raw === undefined) return { ok: false, problems: [...problems, badAliases] };
  const result = readSettings(raw.data, context);
  if (problems.length === 0) return result;
  return { ok: false, problems: result.ok ? problems : [...problems, ...result.problems] };
}

const badAliases: Problem = {
  path: "",
  what: "has an alias (*name) without its anchor (&name), or far too many",
  fix: "write the value out; put a text that begins with * in quotes",
};

/** `undefined`: an alias leads nowhere or grows without bounds, which the parser finds only now. */
function plainData(document: Document.Parsed): { readonly data: unknown } | undefined {
  try {
    const data: unknown = document.toJS();
    return { data };
  } catch {
    return undefined;
  }
}

const yamlMistakes: Readonly<Record<string, readonly [what: string, fix: string]>> = {
  DUPLICATE_KEY: ["the key here was given before", "remove one of the two"],
  BAD_INDENT: ["the indentation is wrong here", "indent it like its neighbours; close every bracket before this"],
  TAB_AS_INDENT: ["a tab is used to indent", "indent with spaces"],
  MISSING_CHAR: ["a quote, bracket, colon or comma is missing here", "add it"],
  BAD_DQ_ESCAPE: ["a backslash in double quotes begins no known escape", "write \\\\ or use single quotes"],
  MULTILINE_IMPLICIT_KEY: ["a key goes over more than one line here", "look for a missing quote or colon"],
  BLOCK_AS_IMPLICIT_KEY: ["there are two colons in one line", "put the value in quotes"],
  MULTIPLE_DOCS: ["a second document (---) begins here", "keep one document in the file"],
  NON_STRING_KEY: ["the key here is no plain text", "write one word; put a value in { or [ after a key and a colon"],
  RESOURCE_EXHAUSTION: ["what is here is nested too deep", "close brackets where they end; look for a missing space"],
  TAG_RESOLVE_FAILED: ["there is an unknown tag (!name)", "remove it; put a text that begins with ! in quotes"],
};

/** In our words by the parser's code: its own messages quote the file. */
function syntaxProblem({ code, pos }: YAMLError, lines: LineCounter): Problem {
  const { line, col } = lines.linePos(pos[0]);
  const [what, fix] = yamlMistakes[code] ?? [`this is not YAML (${code})`, "look at this place and the line before it"];
  return { path: `line ${line}, column ${col}`, what, fix };
}
