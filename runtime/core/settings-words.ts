/** What a setting must be, and what was given instead, in words. Shared by the messages and the docs. */
import { kindOf } from "./settings-node";
import type { SettingNode, ValueNode } from "./settings-node";

const typeWords = { string: "text", integer: "a whole number", number: "a number" } as const;

/** To be read after "must be". */
export function expectedWords(node: SettingNode): string {
  if (node.secret) return "one of {env: NAME}, {file: PATH}, {ssm: NAME}";
  if ("oneOf" in node) return `a group of keys with a kind (${node.oneOf.map(kindOf).join(", ")})`;
  if ("properties" in node) return `a group of keys (${Object.keys(node.properties).join(", ")})`;
  if ("items" in node) return `a list${boundsWords(node.minItems, node.maxItems, " entries")}`;
  if (node.const !== undefined) return String(node.const);
  if (node.enum !== undefined) return `one of ${node.enum.join(", ")}`;
  const unit = node.unit === undefined ? "" : ` of ${node.unit}`;
  const base = node.duration === undefined ? `${typeWords[node.type]}${unit}` : "a duration";
  const range = rangeWords(node);
  return range === "" ? base : `${base} (${range})`;
}

/** The range alone: "1 to 1000", "1s to 5d", or the rule of a text. */
export function rangeWords(node: ValueNode): string {
  if (node.duration !== undefined) return `${node.duration.min} to ${node.duration.max}`;
  if (node.enum !== undefined) return node.enum.map((word) => `\`${word}\``).join(", ");
  if (node.rule !== undefined) return node.rule;
  return boundsWords(node.minimum, node.maximum, "").replace(" of ", "");
}

function boundsWords(least: number | undefined, most: number | undefined, things: string): string {
  if (least === undefined && most === undefined) return "";
  if (most === undefined) return ` of ${least}${things} or more`;
  return ` of ${least ?? 0} to ${most}${things}`;
}

/** To be read after "not". Long texts are cut; a group or a list is only named. */
export function givenWords(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object" && value !== null) return "a group of keys";
  return quoted(value);
}

export function quoted(value: unknown): string {
  const text = typeof value === "number" ? String(value) : (JSON.stringify(value) ?? "nothing");
  return text.length > 60 ? `${text.slice(0, 56)}…"` : text;
}

/** What to write instead: what was given where only quotes are wrong, else an example. */
export function insteadWords(key: string, node: SettingNode, given: unknown): string {
  const start = key === "" ? "" : `${key}: `;
  if ("type" in node && (node.type === "integer" || node.type === "number")) {
    if (node.const !== undefined) return `write ${start}${node.const}`;
    const bare = typeof given === "string" && /^\d+$/.test(given) && fits(Number(given), node);
    if (bare) return `write it without quotes: ${start}${Number(given)}`;
  }
  if ("pattern" in node && typeof given === "number") return `put it in quotes: ${start}"${given}"`;
  return `write e.g. ${exampleWords(key, node)}`;
}

function fits(value: number, { minimum = value, maximum = value }: ValueNode): boolean {
  return value >= minimum && value <= maximum;
}

/** `key: value` that would be right there. */
export function exampleWords(key: string, node: SettingNode): string {
  const example = exampleValue(node);
  return key === "" ? example : `${key}: ${example}`;
}

function exampleValue(node: SettingNode): string {
  if (node.sample !== undefined) return node.sample;
  if (node.secret) return "{ env: GH_TOKEN }";
  if ("oneOf" in node) return node.oneOf[0] === undefined ? "{}" : exampleValue(node.oneOf[0]);
  if ("items" in node) return `[${exampleValue(node.items)}]`;
  if ("properties" in node) {
    const shown = Object.entries(node.properties).filter(([key], index) => node.required?.includes(key) ?? index === 0);
    return `{ ${shown.map(([key, child]) => exampleWords(key, child)).join(", ")} }`;
  }
  const value = node.const ?? node.default ?? node.examples?.[0] ?? node.enum?.[0] ?? "";
  // A colon inside would make YAML read a text as a key.
  return typeof value === "string" && value.includes(":") ? JSON.stringify(value) : String(value);
}
