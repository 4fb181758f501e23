/** Reads what came from outside, field by field: what is not as it must be is named, and never a TypeError. */
import type { Instant } from "../../core/model";

/** `path` is what was wrong; whoever reads decides whose fault that is. */
export class ShapeError extends Error {}

export type Fields = Readonly<Record<string, unknown>>;

export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function fields(value: unknown, path: string): Fields {
  if (!isFields(value)) throw new ShapeError(`${path} is not an object`);
  return value;
}

export function list(value: unknown, path: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new ShapeError(`${path} is not a list`);
  return value;
}

/** A whole number above 0 as text, whatever its size. */
export function idText(value: unknown, path: string): string {
  const text = typeof value === "number" && Number.isSafeInteger(value) ? String(value) : value;
  if (typeof text === "string" && /^[1-9]\d{0,19}$/.test(text)) return text;
  throw new ShapeError(`${path} is not a positive whole number`);
}

/** Not empty. */
export function textOf(value: unknown, path: string): string {
  if (typeof value !== "string" || value === "") throw new ShapeError(`${path} is not a text`);
  return value;
}

/** "" and everything that is no text are `null`. */
export function optionalText(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}

/** RFC 3339; `null` for everything else, and for times before 1970: the year 1 is how servers in Go write "not yet". */
export function optionalInstant(value: unknown): Instant | null {
  if (typeof value !== "string" || !/^\d{4}-\d{2}-\d{2}T/.test(value)) return null;
  const at = Date.parse(value);
  return at > 0 ? at : null;
}

/**
 * For people to read, at most `limit` long, without half characters. Whoever writes a workflow chooses its names, and
 * they are shown in terminals: what steers one (escapes, line breaks, the direction of writing) becomes a space.
 */
export function plainText(text: string, limit: number): string {
  const clean = text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]+/g, " ");
  return Buffer.from(clean.slice(0, limit), "utf8").toString("utf8");
}
