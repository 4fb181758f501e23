/** Every key of the settings as a flat list, for docs, suggestions and tests. */
import { kindOf } from "./settings-node";
import type { SettingNode } from "./settings-node";
import { settingsRoot } from "./settings-schema";

export interface SettingKey {
  /** As in messages, with `[]` for any entry: `profiles[].limits.maxRunners`. */
  readonly path: string;
  /** The last part of the path. */
  readonly key: string;
  readonly node: SettingNode;
  readonly required: boolean;
  /** The kind of source or compute this key belongs to, where only that kind has it. */
  readonly kind: string | null;
}

export function settingKeys(root: SettingNode = settingsRoot, path = "", kind: string | null = null): SettingKey[] {
  if ("items" in root) return settingKeys(root.items, `${path}[]`, kind);
  if ("oneOf" in root) return root.oneOf.flatMap((group) => settingKeys(group, path, kindOf(group)));
  // Where a secret is kept is told once for all of them.
  if (!("properties" in root) || root.secret) return [];
  return Object.entries(root.properties).flatMap(([key, node]) => {
    const own = path === "" ? key : `${path}.${key}`;
    const required = root.required?.includes(key) ?? false;
    return [{ path: own, key, node, required, kind }, ...settingKeys(node, own, kind)];
  });
}
