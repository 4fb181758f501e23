/** The version in our own package.json, which lies above us both in the source tree and in `dist`. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";

export function ownVersion(from: string = __dirname): string {
  const found = versionIn(join(from, "package.json"));
  if (found !== null) return found;
  return dirname(from) === from ? "unknown" : ownVersion(dirname(from));
}

function versionIn(file: string): string | null {
  try {
    const content: unknown = JSON.parse(readFileSync(file, "utf8"));
    if (typeof content !== "object" || content === null || !("name" in content) || content.name !== "onejob") return null;
    return "version" in content && typeof content.version === "string" ? content.version : null;
  } catch {
    return null;
  }
}
