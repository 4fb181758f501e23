/**
 * From what a program passes to plain values that the settings' checker understands: an Output becomes the example of
 * its key where the type says Input, and is a problem elsewhere; yes or no become words.
 */
import * as pulumi from "@pulumi/pulumi";
import type { Problem } from "../runtime/core/settings-check";
import { isGroup } from "../runtime/core/settings-entries";
import { kindOf } from "../runtime/core/settings-node";
import type { SettingNode } from "../runtime/core/settings-node";
import { exampleWords } from "../runtime/core/settings-words";
import { isInput, isYesOrNo } from "./fleet-schema";

export interface PlainArgs {
  readonly value: unknown;
  readonly problems: readonly Problem[];
}

interface Spot {
  readonly path: string;
  readonly key: string;
  /** `undefined` where the schema knows no such key. */
  readonly node: SettingNode | undefined;
}

export function plainArgs(given: unknown, node: SettingNode): PlainArgs {
  const problems: Problem[] = [];
  const value = plain(given, { path: "", key: "", node }, problems);
  return { value, problems };
}

function plain(given: unknown, spot: Spot, problems: Problem[]): unknown {
  const { path, node } = spot;
  if (pulumi.Output.isInstance(given) || given instanceof Promise) return ofLater(spot, problems);
  if (node !== undefined && isYesOrNo(node)) return ofYesOrNo(given, spot, problems);
  if (Array.isArray(given)) {
    const item = node !== undefined && "items" in node ? node.items : undefined;
    return given.map((entry: unknown, index) =>
      plain(entry, { path: `${path}[${index}]`, key: "", node: item }, problems),
    );
  }
  if (!isGroup(given)) return given;
  const known = propertiesOf(node, given);
  // Left out and given as `undefined` are the same to a program.
  const kept = Object.entries(given).filter(([, inner]) => inner !== undefined);
  return Object.fromEntries(
    kept.map(([key, inner]) => [
      key,
      plain(inner, { path: path === "" ? key : `${path}.${key}`, key, node: known[key] }, problems),
    ]),
  );
}

function propertiesOf(
  node: SettingNode | undefined,
  given: Readonly<Record<string, unknown>>,
): Readonly<Record<string, SettingNode | undefined>> {
  if (node === undefined) return {};
  if ("oneOf" in node) return node.oneOf.find((group) => kindOf(group) === given["kind"])?.properties ?? {};
  return "properties" in node ? node.properties : {};
}

function ofLater({ path, key, node }: Spot, problems: Problem[]): unknown {
  if (node === undefined || !isInput(node)) {
    const example = node === undefined ? "a plain value" : exampleWords(key, node);
    const what = "is an Output, and what it says must be known before anything is made";
    problems.push({ path, what, fix: `write the value itself, e.g. ${example}` });
  }
  return node === undefined ? undefined : exampleOf(node);
}

/** What the checker sees in an Output's place; it finds nothing wrong with it. */
function exampleOf(node: SettingNode): unknown {
  if ("items" in node) return [exampleOf(node.items)];
  if ("oneOf" in node || "properties" in node) return {};
  return node.const ?? node.examples?.[0] ?? node.default ?? node.enum?.[0];
}

function ofYesOrNo(given: unknown, { path, key }: Spot, problems: Problem[]): unknown {
  if (typeof given === "boolean") return String(given);
  if (given !== "true" && given !== "false") return given;
  problems.push({ path, what: `must be true or false, not the text "${given}"`, fix: `write ${key}: ${given}` });
  return given;
}
