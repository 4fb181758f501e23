/** Where the functions' bundles and the agent are: built, beside the components or in the sources' `dist`. */
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { functionNames } from "./function-names";
import type { FunctionName } from "./function-names";

export interface Bundles {
  readonly functions: Readonly<Record<FunctionName, string>>;
  readonly agent: { readonly path: string; readonly sha256: string };
}

/** Throws what to run when something is not built. Files only; nothing is built here. */
export function findBundles(components: string = __dirname): Bundles {
  const above = dirname(components);
  const dist = basename(above) === "dist" ? above : join(above, "dist");
  const functions = Object.fromEntries(
    functionNames.map((name) => [name, join(dist, "lambda", `${name}.js`)]),
  ) as Record<FunctionName, string>;
  const agent = join(dist, "agent.js");
  const missing = [...Object.values(functions), agent].filter((path) => !existsSync(path));
  if (missing.length > 0) {
    const [first = "", ...others] = missing;
    const more = others.length === 0 ? "" : ` and ${others.length} more`;
    throw new pulumi.RunError(`${first}${more}: not built; run \`npm run build\` in ${dirname(dist)}`);
  }
  return { functions, agent: { path: agent, sha256: createHash("sha256").update(readFileSync(agent)).digest("hex") } };
}
