/** What a file brings with it when it is loaded: a webhook function starts as fast as its imports are few. */
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";

const folder = join(__dirname, "../../../runtime/sources/github");

function importsOf(file: string): string[] {
  const text = readFileSync(file, "utf8");
  return [...text.matchAll(/^(?:import|export) (?!type )[^;]*?from "([^"]+)";/gms)].map((match) => match[1] ?? "");
}

/** Packages that loading the file loads, over all relative imports. */
function packagesBehind(file: string, seen = new Set<string>()): Set<string> {
  const packages = new Set<string>();
  seen.add(file);
  for (const name of importsOf(file)) {
    const target = `${resolve(file, "..", name)}.ts`;
    if (!name.startsWith(".")) packages.add(name);
    else if (!seen.has(target) && existsSync(target))
      for (const behind of packagesBehind(target, seen)) packages.add(behind);
  }
  return packages;
}

describe("the source github", () => {
  it("receives webhooks with nothing but Node's crypto", () => {
    expect([...packagesBehind(join(folder, "receive.ts"))]).toEqual(["node:crypto"]);
  });

  it("imports Octokit in one file, which the build bundles", () => {
    const importers = readdirSync(folder).filter(
      (name) => name.endsWith(".ts") && /"@octokit\//.test(readFileSync(join(folder, name), "utf8")),
    );
    expect(importers).toEqual(["octokit.ts"]);
    expect(packagesBehind(join(folder, "index.ts"))).toContain("@octokit/app");
  });
});
