/** Errors that may reach a person: one of the catalogue's codes, and the detail of the single case. */
import { catalogue, type CatalogueEntry, type ErrorCode } from "./error-catalogue";

export { catalogue, type CatalogueEntry, type ErrorCode } from "./error-catalogue";

/** An error a person may read. The message is complete: what, to which thing, and what to do. */
export class OnejobError extends Error {
  readonly code: ErrorCode;
  readonly detail: string | null;
  /** Further facts for machines, e.g. the list of config problems. */
  readonly details: unknown;

  constructor(code: ErrorCode, detail?: string, options: { cause?: unknown; details?: unknown } = {}) {
    super(sentence(catalogue[code].what, detail), options.cause === undefined ? {} : { cause: options.cause });
    this.name = "OnejobError";
    this.code = code;
    this.detail = detail ?? null;
    this.details = options.details;
  }

  get entry(): CatalogueEntry {
    return catalogue[this.code];
  }

  /** The body of an HTTP error (INTERFACE, HTTP). */
  toBody(): ErrorBody {
    const { fix, retry } = this.entry;
    const details = this.details === undefined ? {} : { details: this.details };
    return { error: { code: this.code, what: this.message, fix, retry, ...details } };
  }
}

export interface ErrorBody {
  readonly error: {
    readonly code: string;
    readonly what: string;
    readonly fix: string;
    readonly retry: boolean;
    readonly details?: unknown;
  };
}

function sentence(what: string, detail: string | undefined): string {
  return detail === undefined ? what : `${what}: ${detail}`;
}
