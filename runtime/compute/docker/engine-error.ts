/** What went wrong between us and an engine, sorted by what it lets us conclude. */
import { errorCode, errorText } from "../../core/error-facts";

/**
 * `unreachable`: nothing was sent. `absent`, `conflict`, `refused`, `failed`: the engine said so (404, 409, other 4xx,
 * 5xx). `unknown`: asked, and no answer came.
 */
export type EngineErrorKind = "unreachable" | "absent" | "conflict" | "refused" | "failed" | "unknown";

export class EngineError extends Error {
  readonly kind: EngineErrorKind;

  constructor(kind: EngineErrorKind, text: string, options: { cause?: unknown } = {}) {
    super(text, options);
    this.name = "EngineError";
    this.kind = kind;
  }
}

/** What the client library threw; `what` names the call. */
export function engineError(error: unknown, { what, socket }: { what: string; socket: string }): EngineError {
  if (error instanceof EngineError) return error;
  const status = statusOf(error);
  if (status !== undefined) {
    return new EngineError(kindOf(status), shortened(wordsOf(error)) || `${what}: status ${status}`, { cause: error });
  }
  const code = errorCode(error) ?? errorText(error);
  if (unsent.has(code))
    return new EngineError("unreachable", `no engine answers at ${socket} (${code})`, { cause: error });
  return new EngineError("unknown", `${what}: the engine at ${socket} gave no answer (${code})`, { cause: error });
}

export function isEngineError(error: unknown, ...kinds: readonly EngineErrorKind[]): error is EngineError {
  return error instanceof EngineError && kinds.includes(error.kind);
}

/** The connection itself was refused. */
const unsent = new Set(["ECONNREFUSED", "ENOENT", "EACCES", "EPERM", "ENOTDIR", "ENOTSOCK", "ENAMETOOLONG"]);

function kindOf(status: number): EngineErrorKind {
  if (status === 404) return "absent";
  if (status === 409) return "conflict";
  return status >= 500 ? "failed" : "refused";
}

function statusOf(error: unknown): number | undefined {
  if (typeof error !== "object" || error === null || !("statusCode" in error)) return undefined;
  return typeof error.statusCode === "number" ? error.statusCode : undefined;
}

/** The engine's own sentence, without what the library puts around it. */
function wordsOf(error: unknown): string {
  const json: unknown = typeof error === "object" && error !== null && "json" in error ? error.json : undefined;
  if (typeof json === "object" && json !== null && "message" in json && typeof json.message === "string") {
    return json.message.trim();
  }
  return errorText(error)
    .replace(/^\(HTTP code \d+\) /, "")
    .trim();
}

const longest = 400;

/** Engines pass on the output of their own helpers, as long as it comes. */
export function shortened(text: string): string {
  const line = text.replace(/\s+/g, " ").trim();
  return line.length <= longest ? line : `${line.slice(0, longest)}…`;
}
