/** `docs/configuration.md`, made from the schema. `npm run docs` writes it. */
import { kindOf } from "../../../core/settings-node";
import type { GroupNode, SettingNode } from "../../../core/settings-node";
import { secretSchema, settingsRoot } from "../../../core/settings-schema";
import { rangeWords } from "../../../core/settings-words";
import { markdownTable } from "./markdown-table";
import { starterConfig } from "../starter-config";

export const configReferencePath = "docs/configuration.md";

export function configReference(): string {
  const example = starterConfig({ os: "linux", arch: "x64" }).trimEnd();
  const sections = sectionsOf("", settingsRoot).map(({ title, group }) => section(title, group));
  return `${[introduction, "```yaml", example, "```", "", ...sections, section("Secrets", secretSchema)].join("\n").trimEnd()}\n`;
}

const introduction = `# Configuration

Made from the settings schema by \`npm run docs\`; do not edit it here.

Onejob reads the first of these: the file named by \`--config\`, the file named by \`ONEJOB_CONFIG\`, \`./onejob.yaml\`, \`$XDG_CONFIG_HOME/onejob/onejob.yaml\` (\`~/.config\` where that is not set). Without any of them one profile \`default\` runs jobs on this machine.

- An unknown key is an error. All problems are told at once: \`onejob config validate\`.
- A duration is written \`90s\`, \`10m\`, \`6h30m\`, \`7d\`, \`500ms\` or \`10 minutes\`: whole numbers, largest unit first.
- Relative paths start at the folder of the file.
- Two profiles fit one job? The one with the fewest further labels gets it, then the one with the higher \`priority\`, then the first by name. \`onejob config explain --labels a,b\` shows it.

This is what \`onejob init\` writes on Linux:
`;

interface Section {
  readonly title: string;
  readonly group: GroupNode;
}

/** The file itself, then every group in it, in the order of the schema. */
function sectionsOf(path: string, node: SettingNode): Section[] {
  if ("items" in node) return sectionsOf(`${path}[]`, node.items);
  if ("oneOf" in node) {
    return node.oneOf.map((group) => ({ title: `\`${path}\` of kind \`${kindOf(group)}\``, group }));
  }
  if (!("properties" in node)) return [];
  const inner = Object.entries(node.properties).flatMap(([key, child]) =>
    sectionsOf(path === "" ? key : `${path}.${key}`, child),
  );
  return [{ title: path === "" ? "The file" : `\`${path}\``, group: node }, ...inner];
}

function section(title: string, group: GroupNode): string {
  const rows = Object.entries(group.properties).map(([key, node]) => row(key, node, group));
  return [`## ${title}`, "", group.description, "", ...markdownTable(header, rows), ""].join("\n");
}

const header = ["key", "type", "default", "range", "what it does"];

function row(key: string, node: SettingNode, group: GroupNode): string[] {
  const required = group.required?.includes(key) ?? false;
  return [`\`${key}\``, typeWords(node), defaultWords(node, { required }), range(node), node.description];
}

function typeWords(node: SettingNode): string {
  if ("oneOf" in node) return "group, by kind";
  if ("properties" in node) return "group";
  if ("items" in node) return "properties" in node.items || "oneOf" in node.items ? "list of groups" : "list of texts";
  if (node.duration !== undefined) return "duration";
  const word = { string: "text", integer: "whole number", number: "number" }[node.type];
  return node.unit === undefined ? word : `${word} (${node.unit})`;
}

function defaultWords(node: SettingNode, { required }: { readonly required: boolean }): string {
  if (required) return "must be given";
  if ("default" in node && node.default !== undefined) return `\`${node.default}\``;
  return node.preset ?? "";
}

function range(node: SettingNode): string {
  if ("properties" in node) return "";
  if ("oneOf" in node) return node.oneOf.map((group) => `\`${kindOf(group)}\``).join(", ");
  if ("items" in node)
    return `${node.minItems ?? 0} to ${node.maxItems ?? "any number of"} entries${inner(node.items)}`;
  return node.const === undefined ? rangeWords(node) : `\`${node.const}\``;
}

function inner(item: SettingNode): string {
  const words = "type" in item && item.type === "string" ? rangeWords(item) : "";
  return words === "" ? "" : `, each ${words}`;
}
