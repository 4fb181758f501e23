/** What every answer of the server owes, whatever was asked. */
import { promise } from "./target";

export interface Answered {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly payload: string;
}

/** No fault of the server's own; every refusal in the one shape, with what to do. */
export function checkAnswer({ statusCode, headers, payload }: Answered): void {
  promise(statusCode < 500, () => `answered ${statusCode}: ${payload.slice(0, 300)}`);
  if (statusCode < 400 || payload === "") return;
  promise(
    String(headers["content-type"]).startsWith("application/json"),
    () => `a refusal as ${String(headers["content-type"])}`,
  );
  const { error } = JSON.parse(payload) as { readonly error?: Readonly<Record<string, unknown>> };
  const { code, what, fix, retry } = error ?? {};
  const isWhole =
    [code, what, fix].every((text) => typeof text === "string" && text !== "") && typeof retry === "boolean";
  promise(isWhole, () => `a refusal of another shape: ${payload.slice(0, 300)}`);
  promise(payload.length < 20_000, () => `a refusal of ${payload.length} characters`);
}

/** As a header can arrive: no line breaks, no NUL, one byte per character. */
export function headerText(text: string): string {
  return text.replace(/[^\t\x20-\x7e\x80-\xff]/g, "?").slice(0, 8_000);
}
