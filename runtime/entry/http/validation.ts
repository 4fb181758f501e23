/**
 * Checks what comes in against the schemas that /openapi.json publishes. Bodies must be what they claim to be; texts of
 * the query become numbers and booleans where the schema wants them.
 */
import Ajv, { type ErrorObject } from "ajv";
import type { FastifySchemaCompiler, FastifySchema, FastifySchemaValidationError } from "fastify";

export interface Problem {
  readonly path: string;
  readonly what: string;
}

/** RFC 3339 that is a moment: "2026-02-31T00:00:00Z" is none. */
const moment = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/;
const formats = { "date-time": (text: string) => moment.test(text) && !Number.isNaN(Date.parse(text)) };
/** One problem at a time (`allErrors` off): a hostile body must not make a list of a million. */
const common = { strict: false, formats } as const;
const bodies = new Ajv({ ...common, useDefaults: false });
const texts = new Ajv({ ...common, coerceTypes: true, useDefaults: true });

export const compileSchema: FastifySchemaCompiler<FastifySchema> = ({ schema, httpPart }) =>
  httpPart === "body" ? bodies.compile(schema) : texts.compile(schema);

/** For the one route whose body is checked by hand, because a form carries it. */
export function compileBody(schema: object): (value: unknown) => readonly Problem[] {
  const check = bodies.compile(schema);
  return (value) => (check(value) ? [] : problemsOf(check.errors ?? [], "spec"));
}

const mostProblems = 20;

export function problemsOf(
  errors: readonly (FastifySchemaValidationError | ErrorObject)[],
  where: string,
): readonly Problem[] {
  return errors.slice(0, mostProblems).map((error) => {
    const missing: unknown = error.params["missingProperty"];
    const unknown: unknown = error.params["additionalProperty"];
    const allowed: unknown = error.params["allowedValues"];
    const inside = pathOf(where, error.instancePath);
    if (typeof missing === "string") return { path: `${inside}.${missing}`, what: "is missing" };
    if (typeof unknown === "string") return { path: `${inside}.${unknown.slice(0, 100)}`, what: "is not known here" };
    const choice = Array.isArray(allowed) ? `: ${allowed.join(", ")}` : "";
    return { path: inside, what: `${error.message ?? "is not valid"}${choice}` };
  });
}

/** `/command/0` of `spec` as people write it: `spec.command[0]`. */
function pathOf(where: string, pointer: string): string {
  const steps = pointer.split("/").slice(1);
  const words = steps.map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~").slice(0, 100));
  return where + words.map((step) => (/^\d+$/.test(step) ? `[${step}]` : `.${step}`)).join("");
}
