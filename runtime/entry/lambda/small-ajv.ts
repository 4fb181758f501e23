/**
 * Stands for `ajv` where the functions check settings (esbuild.config.mjs puts it there): 4 KB that walk the schema instead
 * of 120 KB that compile it at every cold start. It knows the keywords our settings use, throws at any other, and a test
 * compares its findings with ajv's.
 */
import type { ErrorObject } from "ajv";
import { isGroup } from "../../core/settings-entries";

type Schema = Readonly<Record<string, unknown>>;
type Check = (value: never) => boolean;

export interface Validate {
  (data: unknown): boolean;
  errors?: readonly ErrorObject[] | null;
}

interface Place {
  readonly schema: Schema;
  readonly data: unknown;
  readonly path: string;
}

type Report = (keyword: string, params?: Readonly<Record<string, unknown>>) => void;

/** What says something about a value, by the type of value it is about, in the order in which ajv reports. */
const byType: Readonly<Record<string, Readonly<Record<string, (limit: never, data: never) => boolean>>>> = {
  number: {
    maximum: (limit: number, data: number) => data <= limit,
    minimum: (limit: number, data: number) => data >= limit,
  },
  string: {
    maxLength: (limit: number, data: string) => [...data].length <= limit,
    minLength: (limit: number, data: string) => [...data].length >= limit,
    pattern: (pattern: string, data: string) => new RegExp(pattern, "u").test(data),
  },
  array: {
    maxItems: (limit: number, data: readonly unknown[]) => data.length <= limit,
    minItems: (limit: number, data: readonly unknown[]) => data.length >= limit,
  },
  object: {
    maxProperties: (limit: number, data: object) => Object.keys(data).length <= limit,
    minProperties: (limit: number, data: object) => Object.keys(data).length >= limit,
  },
};

const handled = new Set([
  ...Object.values(byType).flatMap((group) => Object.keys(group)),
  ...["type", "const", "enum", "format", "required", "properties", "additionalProperties", "items"],
  ...["discriminator", "oneOf", "title", "description", "default", "examples"],
]);

export class Ajv {
  readonly #formats = new Map<string, Check>();
  readonly #vocabulary = new Set<string>(handled);
  readonly #keywords = new Map<string, (schema: never) => Check>();

  addFormat(name: string, check: Check): void {
    this.#formats.set(name, check);
  }

  addVocabulary(words: readonly string[]): void {
    for (const word of words) this.#vocabulary.add(word);
  }

  addKeyword({ keyword, compile }: { readonly keyword: string; readonly compile: (schema: never) => Check }): void {
    this.#vocabulary.add(keyword);
    this.#keywords.set(keyword, compile);
  }

  compile(schema: Schema): Validate {
    const validate: Validate = (data) => {
      const errors: ErrorObject[] = [];
      this.#walk({ schema, data, path: "" }, errors);
      validate.errors = errors;
      return errors.length === 0;
    };
    return validate;
  }

  #walk({ schema, data, path }: Place, errors: ErrorObject[]): void {
    for (const word of Object.keys(schema))
      if (!this.#vocabulary.has(word)) throw new Error(`the settings schema says "${word}", which is not known here`);
    const report: Report = (keyword, params = {}) =>
      void errors.push({ keyword, params, instancePath: path, schemaPath: "", parentSchema: schema, data });
    const type = typeOf(data);
    if (!isOfType(data, schema["type"])) report("type");
    for (const [word, fits] of Object.entries(byType[type] ?? {}))
      if (word in schema && !fits(schema[word] as never, data as never)) report(word);
    if ("const" in schema && data !== schema["const"]) report("const");
    if (Array.isArray(schema["enum"]) && !schema["enum"].includes(data)) report("enum");
    if (type === "string") this.#checkText(schema, data as never, report);
    if (Array.isArray(data) && isGroup(schema["items"])) {
      for (const [at, item] of data.entries())
        this.#walk({ schema: schema["items"], data: item, path: `${path}/${at}` }, errors);
    }
    if (isGroup(data)) this.#walkGroup({ schema, data, path }, { errors, report });
  }

  #checkText(schema: Schema, text: never, report: Report): void {
    const format = schema["format"];
    if (typeof format === "string" && this.#formats.get(format)?.(text) !== true) report("format");
    for (const [word, compile] of this.#keywords)
      if (word in schema && !compile(schema[word] as never)(text)) report(word);
  }

  #walkGroup(
    { schema, data, path }: Place & { readonly data: Readonly<Record<string, unknown>> },
    { errors, report }: { readonly errors: ErrorObject[]; readonly report: Report },
  ): void {
    for (const key of (schema["required"] ?? []) as readonly string[])
      if (data[key] === undefined) report("required", { missingProperty: key });
    const properties = isGroup(schema["properties"]) ? schema["properties"] : {};
    if (schema["additionalProperties"] === false)
      for (const key of Object.keys(data))
        if (!Object.hasOwn(properties, key)) report("additionalProperties", { additionalProperty: key });
    for (const [key, inner] of Object.entries(properties))
      if (data[key] !== undefined)
        this.#walk({ schema: inner as Schema, data: data[key], path: `${path}/${key}` }, errors);
    if (!isGroup(schema["discriminator"])) return;
    const tag = String(schema["discriminator"]["propertyName"]);
    const chosen = (schema["oneOf"] as readonly Schema[]).find((one) => tagOf(one, tag) === data[tag]);
    if (chosen === undefined) report("discriminator", { tag, tagValue: data[tag] });
    else this.#walk({ schema: chosen, data, path }, errors);
  }
}

function typeOf(data: unknown): string {
  if (data === null) return "null";
  return Array.isArray(data) ? "array" : typeof data;
}

function isOfType(data: unknown, wanted: unknown): boolean {
  if (wanted === undefined) return true;
  if (wanted === "integer") return Number.isInteger(data);
  return wanted === "number" ? Number.isFinite(data) : typeOf(data) === wanted;
}

function tagOf({ properties }: Schema, tag: string): unknown {
  const kind = isGroup(properties) ? properties[tag] : undefined;
  return isGroup(kind) ? kind["const"] : undefined;
}
