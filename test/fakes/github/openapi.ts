/**
 * GitHub's published description, as a judge of what the fake says. Read once per process and compiled per schema at
 * its first use: all of it would take minutes.
 */
import { readFileSync } from "node:fs";
import type { ValidateFunction } from "ajv";
import { Ajv } from "ajv";
import addFormats from "ajv-formats";

type Node = Readonly<Record<string, unknown>>;

interface Published {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Node>>>>;
  readonly components: Readonly<Record<string, Readonly<Record<string, Node>>>>;
}

export interface Spoken {
  /** `GET`, `POST`, `DELETE`. */
  readonly method: string;
  /** The published path with its placeholders. */
  readonly template: string;
  readonly status: number;
  readonly body: unknown;
}

let published: Published | undefined;
const compiled = new Map<string, ValidateFunction | null>();
const known = new Set<string>();
const ajv = new Ajv({ strict: false, logger: false });
addFormats.default(ajv);

function description(): Published {
  const file = require.resolve("@octokit/openapi/generated/api.github.com.json");
  published ??= JSON.parse(readFileSync(file, "utf8")) as Published;
  return published;
}

/** What does not conform in a response, in words; `null` when it does. */
export function responseProblem({ method, template, status, body }: Spoken): string | null {
  const name = `${method} ${template} ${status}`;
  const validate = validator(name, () => responseSchema(operation(method, template), status));
  if (validate === null) return body === undefined ? null : `${name} is published without a body`;
  return problemOf(validate, { name, body });
}

/** What does not conform in a webhook's payload. `schema` is a name such as `webhook-workflow-job-queued`. */
export function webhookProblem(schema: string, body: unknown): string | null {
  const validate = validator(schema, () => ({ $ref: `#/components/schemas/${schema}` }));
  return validate === null ? null : problemOf(validate, { name: schema, body });
}

/** What does not conform in the body of a request. */
export function requestProblem({ method, template, body }: Omit<Spoken, "status">): string | null {
  const validate = validator(`${method} ${template} request`, () => {
    const content = operation(method, template).requestBody as Node | undefined;
    return jsonSchema(content);
  });
  return validate === null ? null : problemOf(validate, { name: "body", body });
}

/** The page about an operation. */
export function documentationUrl(method: string, template: string): string {
  const docs = description().paths[template]?.[method.toLowerCase()]?.externalDocs as { url?: string } | undefined;
  return docs?.url ?? "https://docs.github.com/rest";
}

function problemOf(validate: ValidateFunction, { name, body }: { readonly name: string; readonly body: unknown }) {
  if (validate(readable(body))) return null;
  const [error] = validate.errors ?? [];
  return `${name}${error?.instancePath ?? ""} ${error?.message ?? "does not conform"}`;
}

/** As a reader of the JSON sees it: big numbers as numbers, absent fields absent. */
function readable(body: unknown): unknown {
  const text = JSON.stringify(body, (_, value: unknown) => (typeof value === "bigint" ? Number(value) : value));
  return JSON.parse(text);
}

function operation(method: string, template: string): Node {
  const found = description().paths[template]?.[method.toLowerCase()];
  if (found === undefined) throw new Error(`${method} ${template} is not published`);
  return found;
}

/** Errors that an operation does not list have GitHub's common shape. */
function responseSchema({ responses }: Node, status: number): Node | null {
  const response = (responses as Readonly<Record<string, Node>>)[String(status)];
  if (response !== undefined) return jsonSchema(resolve(response));
  return status >= 400 ? { $ref: "#/components/schemas/basic-error" } : null;
}

function jsonSchema(part: Node | undefined): Node | null {
  const content = part?.content as Readonly<Record<string, { readonly schema?: Node }>> | undefined;
  return content?.["application/json"]?.schema ?? null;
}

function resolve(node: Node): Node {
  if (typeof node.$ref !== "string") return node;
  const [, , kind = "", name = ""] = node.$ref.split("/");
  const found = description().components[kind]?.[name];
  if (found === undefined) throw new Error(`${node.$ref} is not published`);
  return found;
}

function validator(name: string, schema: () => Node | null): ValidateFunction | null {
  const before = compiled.get(name);
  if (before !== undefined) return before;
  const node = schema();
  const validate = node === null ? null : ajv.compile(convert(node) as Node);
  compiled.set(name, validate);
  return validate;
}

/** From the dialect of OpenAPI 3.0 to JSON Schema: `nullable`, and references, which are made known on the way. */
function convert(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(convert);
  if (typeof node !== "object" || node === null) return node;
  const { nullable, example: _, examples: __, ...rest } = node as Node;
  if (typeof rest.$ref === "string") return { $ref: reference(rest.$ref) };
  const schema = Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, convertKey(key, value)]));
  return nullable === true ? { anyOf: [{ type: "null" }, schema] } : schema;
}

function convertKey(key: string, value: unknown): unknown {
  if (key === "enum" || key === "required" || key === "default") return value;
  if (key !== "properties") return convert(value);
  // Here the keys are names of fields, and one may be called like a keyword.
  return Object.fromEntries(Object.entries(value as Node).map(([name, field]) => [name, convert(field)]));
}

function reference(ref: string): string {
  const id = `github:${ref.split("/").at(-1) ?? ""}`;
  if (!known.has(id)) {
    known.add(id);
    ajv.addSchema(convert(resolve({ $ref: ref })) as Node, id);
  }
  return id;
}
