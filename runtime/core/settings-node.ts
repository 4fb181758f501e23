/**
 * The part of JSON Schema that our settings use, with what docs and messages need besides: a unit, a rule in words,
 * a default in words. Narrow on purpose: whoever reads the schema (checker, docs, types) handles four shapes and no more.
 */
import type { SettingFormat } from "./settings-formats";

interface Described {
  readonly title: string;
  /** What it does, and what happens when it is wrong, changed or expensive. */
  readonly description: string;
  /** What stands in for it when it is left out, in words; for what no constant can say. */
  readonly preset?: string;
  /** Says where a secret is: nothing given here may be repeated in a message, and the example is a place. */
  readonly secret?: true;
  /** People write secrets here by mistake (a token for its place, a password in an address): it is not repeated. */
  readonly guarded?: true;
  /** How it is written, for what cannot be put together from its parts. */
  readonly sample?: string;
}

export interface ValueNode extends Described {
  readonly type: "string" | "integer" | "number";
  readonly const?: string | number;
  readonly enum?: readonly string[];
  readonly default?: string | number;
  readonly examples?: readonly (string | number)[];
  readonly unit?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly format?: SettingFormat;
  /** The text is a duration within these bounds. */
  readonly duration?: { readonly min: string; readonly max: string };
  /** `pattern`, `format` or `maxLength` in words. */
  readonly rule?: string;
}

export interface ListNode extends Described {
  readonly type: "array";
  readonly items: SettingNode;
  readonly minItems?: number;
  readonly maxItems?: number;
}

export interface GroupNode extends Described {
  readonly type: "object";
  readonly properties: Readonly<Record<string, SettingNode>>;
  readonly required?: readonly string[];
  readonly additionalProperties: false;
  readonly minProperties?: number;
  readonly maxProperties?: number;
}

/** A choice by the key `kind`: each kind is one sub-schema in the list. */
export interface KindsNode extends Described {
  readonly type: "object";
  readonly discriminator: { readonly propertyName: "kind" };
  readonly oneOf: readonly GroupNode[];
}

export type SettingNode = ValueNode | ListNode | GroupNode | KindsNode;

type RequiredKey<S> = S extends { readonly required: readonly (infer K)[] } ? K : never;

/** The type of what a file may say, made from its schema; nothing is filled in yet. */
export type FileOf<S> = S extends { readonly oneOf: readonly (infer Kind)[] }
  ? FileOf<Kind>
  : S extends { readonly properties: infer P }
    ? { readonly [K in keyof P as K extends RequiredKey<S> ? K : never]: FileOf<P[K]> } & {
        readonly [K in keyof P as K extends RequiredKey<S> ? never : K]?: FileOf<P[K]>;
      }
    : S extends { readonly items: infer Item }
      ? readonly FileOf<Item>[]
      : S extends { readonly const: infer Value }
        ? Value
        : S extends { readonly enum: readonly (infer Word)[] }
          ? Word
          : S extends { readonly type: "string" }
            ? string
            : number;

export function kindOf(group: GroupNode): string {
  const kind = group.properties["kind"];
  return kind !== undefined && "const" in kind ? String(kind.const) : "";
}
