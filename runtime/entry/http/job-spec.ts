/** The spec of a job that is handed in: checked whole, before anything is stored. */
import { parseDuration } from "../../core/duration";
import { OnejobError } from "../../core/errors";
import type { Submission } from "../../flow/submit-job";
import { compileBody, type Problem } from "./validation";

const mostBytes = 128 * 1024;
/** It becomes part of an object's name. */
const uploadPattern = "^[a-z0-9]{16,64}$";
const noNul = "^[^\\u0000]*$";

export const specSchema = {
  type: "object",
  required: ["command"],
  additionalProperties: false,
  properties: {
    command: {
      type: "array",
      minItems: 1,
      maxItems: 65_536,
      items: { type: "string", pattern: noNul },
      description: "Program and arguments; together at most 128 KiB. No shell reads them.",
    },
    labels: {
      type: "array",
      maxItems: 20,
      items: { type: "string", minLength: 1, maxLength: 100 },
      description: "Labels the runner must have.",
    },
    profile: {
      type: ["string", "null"],
      minLength: 1,
      maxLength: 64,
      description: "A profile by name, past the labels.",
    },
    env: {
      type: "object",
      maxProperties: 1_000,
      propertyNames: { pattern: "^[A-Za-z_][A-Za-z0-9_]*$" },
      additionalProperties: { type: "string", pattern: noNul },
      description: "Variables of the command; together at most 128 KiB.",
    },
    timeout: {
      type: ["string", "number", "null"],
      maxLength: 100,
      exclusiveMinimum: 0,
      description: 'A duration such as "90s", or a number of seconds.',
    },
    retries: { type: ["integer", "null"], minimum: 0, maximum: 10, description: "Further tries of a failed attempt." },
    name: {
      type: ["string", "null"],
      minLength: 1,
      maxLength: 200,
      pattern: "^[^\\p{Cc}]*$",
      description: "Instead of the command.",
    },
    upload: {
      type: ["string", "null"],
      pattern: uploadPattern,
      description: "What `POST /api/v1/uploads` called the packed working folder, in place of `bundle`.",
    },
  },
} as const;

interface Spec {
  readonly command: readonly string[];
  readonly labels?: readonly string[];
  readonly profile?: string | null;
  readonly env?: Readonly<Record<string, string>>;
  readonly timeout?: string | number | null;
  readonly retries?: number | null;
  readonly name?: string | null;
  readonly upload?: string | null;
}

export interface ParsedSpec {
  readonly submission: Submission;
  /** Where the bundle was sent to before; `null`: it comes along, if there is one. */
  readonly upload: string | null;
}

const checkSpec = compileBody(specSchema);

/** Throws `bad-request` with each problem's path. */
export function parseSpec(value: unknown): ParsedSpec {
  const problems = checkSpec(value);
  // Checked by the schema on the line before.
  const spec = value as Spec;
  const found = problems.length > 0 ? problems : beyondSchema(spec);
  if (found.length > 0) {
    throw new OnejobError("bad-request", found.map(({ path, what }) => `${path} ${what}`).join("; "), {
      details: found,
    });
  }
  const submission = {
    command: spec.command,
    labels: spec.labels ?? [],
    profile: spec.profile ?? null,
    env: spec.env ?? {},
    timeoutMs: timeoutMs(spec.timeout ?? null) ?? null,
    retries: spec.retries ?? 0,
    name: spec.name ?? null,
  };
  return { submission, upload: spec.upload ?? null };
}

function beyondSchema({ command, env = {}, timeout = null }: Spec): readonly Problem[] {
  const problems: Problem[] = [];
  if (bytes(command) > mostBytes) problems.push({ path: "spec.command", what: "is larger than 128 KiB" });
  if (command[0] === "") problems.push({ path: "spec.command[0]", what: "is empty: there is no program to run" });
  if (bytes(Object.entries(env).flat()) > mostBytes)
    problems.push({ path: "spec.env", what: "is larger than 128 KiB" });
  if (timeoutMs(timeout) === undefined)
    problems.push({ path: "spec.timeout", what: 'must be a duration such as "90s", or a number of seconds' });
  return problems;
}

/** As the kernel counts them: each with its end mark. */
function bytes(texts: readonly string[]): number {
  return texts.reduce((sum, text) => sum + Buffer.byteLength(text) + 1, 0);
}

/** `null`: none is asked for; `undefined`: it makes no sense. */
function timeoutMs(timeout: string | number | null): number | null | undefined {
  if (timeout === null) return null;
  const ms = typeof timeout === "number" ? Math.ceil(timeout * 1_000) : parseDuration(timeout);
  return ms !== undefined && ms > 0 && Number.isSafeInteger(ms) ? ms : undefined;
}
