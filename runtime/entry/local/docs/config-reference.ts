/** `docs/configuration.md`, made from the schema. `npm run docs` writes it. */
import { kindOf } from "../../../core/settings-node";
import type { GroupNode, SettingNode } from "../../../core/settings-node";
import { settingsRoot } from "../../../core/settings-schema";
import { secretSchema } from "../../../core/settings-schema-parts";
import { rangeWords } from "../../../core/settings-words";
import { markdownTable } from "./markdown-table";
import { starterConfig } from "../starter-config";

export const configReferencePath = "docs/configuration.md";

export function configReference(): string {
  const example = starterConfig({ os: "linux", arch: "x64" }).trimEnd();
  const sections = sectionsOf({ path: "", kind: null }, settingsRoot).map(({ title, group }) => section(title, group));
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

/** Where we are in the schema: the path, and below a choice by kind whose keys these are. */
interface Place {
  readonly path: string;
  readonly kind: string | null;
}

/** The file itself, then every group in it, in the order of the schema. Secrets have a section of their own. */
function sectionsOf(place: Place, node: SettingNode): Section[] {
  if (node.secret) return [];
  if ("items" in node) return sectionsOf({ ...place, path: `${place.path}[]` }, node.items);
  if ("oneOf" in node) return node.oneOf.flatMap((group) => sectionsOf({ ...place, kind: kindOf(group) }, group));
  if (!("properties" in node)) return [];
  const inner = Object.entries(node.properties).flatMap(([key, child]) =>
    sectionsOf({ ...place, path: place.path === "" ? key : `${place.path}.${key}` }, child),
  );
  return [{ title: titleOf(place), group: node }, ...inner];
}

function titleOf({ path, kind }: Place): string {
  if (path === "") return "The file";
  return kind === null ? `\`${path}\`` : `\`${path}\` of kind \`${kind}\``;
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
  if ("properties" in node) return node.secret ? "secret" : "group";
  if ("items" in node) return `list of ${node.items.secret ? "secrets" : listed(node.items)}`;
  if (node.duration !== undefined) return "duration";
  const word = { string: "text", integer: "whole number", number: "number" }[node.type];
  return node.unit === undefined ? word : `${word} (${node.unit})`;
}

function listed(item: SettingNode): string {
  return "properties" in item || "oneOf" in item ? "groups" : "texts";
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
