/** What the schema language of `onejob.yaml` lacks and a fleet's arguments need, marked on the node itself. */
import type { SettingNode, ValueNode } from "../runtime/core/settings-node";

type Described = Pick<ValueNode, "title" | "description">;

const booleans = new WeakSet<SettingNode>();
const inputs = new WeakSet<SettingNode>();

/** To the checker it is one of two words; `plain-args.ts` writes them. */
export function yesOrNo(described: Described): ValueNode {
  const node: ValueNode = { type: "string", enum: ["true", "false"], ...described };
  booleans.add(node);
  return node;
}

/** May be an Output. Its example stands in for it, so it has to be valid. */
export function later<T extends SettingNode>(node: T): T {
  inputs.add(node);
  return node;
}

export const isYesOrNo = (node: SettingNode): boolean => booleans.has(node);
export const isInput = (node: SettingNode): boolean => inputs.has(node);
