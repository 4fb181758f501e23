/** The one shape of every answer that is no success (INTERFACE, HTTP): status, head, body. */
import type { ErrorBody, OnejobError } from "../../core/errors";

const retryAfterSeconds = 5;

export interface ErrorAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: ErrorBody;
}

export function errorAnswer(error: OnejobError): ErrorAnswer {
  const status = error.entry.httpStatus;
  const headers = {
    "content-type": "application/json; charset=utf-8",
    ...(status === 429 || status === 503 ? { "retry-after": String(retryAfterSeconds) } : {}),
    ...(status === 401 ? { "www-authenticate": "Bearer" } : {}),
  };
  return { status, headers, body: error.toBody() };
}

/** On every answer. A job's output must not be taken for a page. */
export function answerHeaders(request: string): Readonly<Record<string, string>> {
  return { "x-request-id": request, "x-content-type-options": "nosniff", "cache-control": "no-store" };
}
