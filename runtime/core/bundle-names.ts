/** Names inside a packed working folder: which are refused by themselves, and how all are shown to people. */

/** Most systems stop at 4,096 bytes, the folder above included; macOS at 1,024 for what one call may name. */
const maxPathBytes = 2_048;
const maxSegmentBytes = 255;

/** Why no entry may have this path, to be read after it; `null`: it may. */
export function nameProblem(path: string): string | null {
  if (path === "") return "has no name";
  const problem = textProblem(path);
  if (problem !== null) return `has a name that ${problem}`;
  return path.split("/").includes("..") ? 'has ".." in its path' : null;
}

/** Why no link may have this target, whatever is there. */
export function targetProblem(target: string): string | null {
  if (target === "") return "is a link to nothing";
  const problem = textProblem(target);
  return problem === null ? null : `links to ${shown(target)}, which ${problem}`;
}

function textProblem(text: string): string | null {
  if (text.includes("\0")) return "holds a NUL";
  if (text.startsWith("/")) return "is absolute";
  if (/^[A-Za-z]:/.test(text)) return "begins with a drive letter, which makes it absolute on Windows";
  // Refused as a whole: one more way to write "/" would mean judging every path twice.
  if (text.includes("\\")) return "holds a backslash, which separates folders on Windows";
  if (isLonger(text, maxPathBytes)) return `is longer than ${maxPathBytes} bytes`;
  const long = text.split("/").some((segment) => isLonger(segment, maxSegmentBytes));
  return long ? `has a part longer than ${maxSegmentBytes} bytes` : null;
}

/** In quotes, with all that could trick a terminal or a reader's eye written as `\uXXXX`; long ones shortened. */
export function shown(path: string): string {
  const short = path.length > 120 ? `${path.slice(0, 70)}…${path.slice(-49)}` : path;
  return JSON.stringify(short).replace(
    /[\u007f-\u009f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** "2 GiB", "1.4 MiB", "12 bytes". */
export function sizeText(bytes: number): string {
  const units = ["KiB", "MiB", "GiB", "TiB"];
  let value = bytes;
  let unit = "bytes";
  for (const larger of units) {
    if (value < 1024) break;
    value /= 1024;
    unit = larger;
  }
  return `${Number(value.toFixed(1))} ${unit}`;
}

function isLonger(text: string, bytes: number): boolean {
  // No character takes more than three bytes per unit of length: most names need no encoding to know.
  return text.length * 3 > bytes && new TextEncoder().encode(text).length > bytes;
}
