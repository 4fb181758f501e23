/** Rules about how a file is named and what it exports. Each answers one sentence per violation. */
import { isBuiltin } from "node:module";
import { posix } from "node:path";
import type { Module } from "./read-module";
import { roomOf } from "./rooms";

export function homeless({ path }: Module): string[] {
  return roomOf(path)
    ? []
    : [`${path} stands in no room of the house; move it into one, or name the new room in test/house/rooms.ts`];
}

export function builtinsInCore({ path, imports }: Module): string[] {
  if (roomOf(path) !== "core") return [];
  return imports
    .filter((specifier) => isBuiltin(specifier))
    .map((specifier) => `${path} imports "${specifier}", but core runs wherever it is put: let a port bring it in`);
}

export function extensions({ path, imports }: Module): string[] {
  return imports
    .filter((specifier) => /^\..*\.[cm]?[jt]sx?$/.test(specifier))
    .map(
      (specifier) => `${path} imports "${specifier}": leave the extension out, the sources and the build differ in it`,
    );
}

export function defaultExports({ path, exportsDefault }: Module): string[] {
  return exportsDefault ? [`${path} exports a default: give it a name, so that a search finds every use`] : [];
}

const empty = /^(utils?|utilities|helpers?|managers?|commons?)$/;

export function emptyNames({ path }: Module): string[] {
  const words = path.split(/[/.-]/).filter((word) => empty.test(word));
  return words.map((word) => `${path}: "${word}" says nothing; name it after what is in it`);
}

export function notKebabCase({ path }: Module): string[] {
  const name = posix.basename(path).replace(/(\.test|\.contract|\.d)?\.ts$/, "");
  return /^[a-z0-9]+(-[a-z0-9]+)*$/.test(name) ? [] : [`${path}: file names are kebab-case, like settings-schema.ts`];
}

/** `components/alarms.ts`, `json-lines.ts`; not what stands in an address. */
const named = /(?<![\w:/.-])[\w.-][\w./-]*\.(?:ts|cjs|mjs)\b/g;

/** `known`: every file of the project. One may be named by the end of its path. */
export function missingFiles(known: readonly string[]): (module: Module) => string[] {
  const isThere = (name: string): boolean => known.some((file) => `/${file}`.endsWith(`/${name}`));
  return ({ path, comments }) =>
    [...new Set(comments.flatMap((line) => line.match(named) ?? []))]
      .filter((name) => !isThere(name) && !isThere(posix.join(posix.dirname(path), name)))
      .map((name) => `${path} names ${name} in a comment, and there is no such file`);
}
