/** What the fake answers: a status with a body, or a refusal that is thrown where it is noticed. */

export interface Reply {
  readonly status: number;
  /** `undefined`: no body. May hold `bigint`s, which are written as bare numbers. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Thrown by a handler: GitHub says no. The documentation's address is added where it is answered. */
export class Refusal extends Error {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Whether the body has GitHub's `status` field; the validation errors have none. */
  readonly plain: boolean;

  constructor(status: number, message: string, more: { readonly headers?: Readonly<Record<string, string>> } = {}) {
    super(message);
    this.status = status;
    this.headers = more.headers ?? {};
    this.plain = status === 422;
  }
}

export function notFound(): Refusal {
  return new Refusal(404, "Not Found");
}

/** JSON in which a `bigint` is a bare number, as GitHub writes its 64-bit ids. */
export function toJson(body: unknown): string {
  const marked = JSON.stringify(body, (_, value: unknown) => (typeof value === "bigint" ? `\u0000${value}` : value));
  return marked.replace(/"\\u0000(\d+)"/g, "$1");
}
