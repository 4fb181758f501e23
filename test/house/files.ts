/** The files of the project, and what each says about itself. */
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Module } from "./read-module";
import { readModule } from "./read-module";

const root = join(__dirname, "../..");

function filesIn(folder: string): string[] {
  if (!existsSync(join(root, folder))) return [];
  const names = readdirSync(join(root, folder), { recursive: true, encoding: "utf8" });
  return names.map((name) => `${folder}/${name.replaceAll("\\", "/")}`);
}

/** Its modules. */
export function read(folder: string): Module[] {
  return filesIn(folder)
    .filter((path) => path.endsWith(".ts"))
    .map((path) => readModule({ path, text: readFileSync(join(root, path), "utf8") }));
}

const folders = ["runtime", "components", "test", "stacks", "imagebuilder", "docs"];

/** Those that a text may name, from the project's root. */
export const allFiles: readonly string[] = [...folders.flatMap(filesIn), ...readdirSync(root)];
