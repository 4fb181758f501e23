/** An answer of the server that is not a success. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly fix: string | null;
  readonly retry: boolean;
  readonly details: unknown;

  constructor(
    status: number,
    facts: { code: string; what: string; fix: string | null; retry: boolean; details?: unknown },
  ) {
    super(facts.what);
    this.name = "ApiError";
    this.status = status;
    this.code = facts.code;
    this.fix = facts.fix;
    this.retry = facts.retry;
    this.details = facts.details;
  }
}

/** Reads `{error:{code,what,fix,retry,details?}}`; anything else (a proxy's page) becomes a plain sentence. */
export function apiError(status: number, text: string): ApiError {
  const error = field(parse(text), "error");
  const code = field(error, "code");
  const what = field(error, "what");
  const fix = field(error, "fix");
  return new ApiError(status, {
    code: typeof code === "string" ? code : `http-${status}`,
    what: typeof what === "string" ? what : `the server answered with HTTP status ${status}`,
    fix: typeof fix === "string" ? fix : null,
    retry: field(error, "retry") === true || status === 429 || (status >= 502 && status <= 504),
    details: field(error, "details"),
  });
}

export function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

export function field(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null) return undefined;
  return Object.entries(value).find(([key]) => key === name)?.[1];
}
