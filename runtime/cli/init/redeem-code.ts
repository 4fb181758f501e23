/** Turns the one-time code of a manifest into the app it stands for. */
import { errorCode, errorText } from "../../core/error-facts";
import { OnejobError } from "../../core/errors";

export interface CreatedApp {
  readonly id: number;
  readonly privateKey: string;
  readonly webhookSecret: string | null;
  /** Its page; `/installations/new` below it installs it. */
  readonly url: string;
}

export interface RedeemOptions {
  readonly apiUrl: string;
  readonly code: string;
  readonly signal: AbortSignal;
}

const answerMs = 30_000;

/** Throws `source-unreachable`: the same code may work later; `source-refused`: it never will. */
export async function redeemCode({ apiUrl, code, signal }: RedeemOptions): Promise<CreatedApp> {
  const url = `${apiUrl}/app-manifests/${encodeURIComponent(code)}/conversions`;
  const { status, body } = await post(url, signal);
  if (status >= 500 || status === 429) throw new OnejobError("source-unreachable", `${apiUrl} answers ${status}`);
  if (status !== 201) {
    const why = "a code works once, for one hour, at the GitHub it came from";
    throw new OnejobError("source-refused", `${apiUrl} does not take the code (${status}): ${why}`);
  }
  const app = readApp(body);
  if (app === undefined) throw new OnejobError("source-refused", `${apiUrl} does not answer with an app and its key`);
  return app;
}

async function post(url: string, signal: AbortSignal): Promise<{ readonly status: number; readonly body: string }> {
  try {
    const answer = await fetch(url, {
      method: "POST",
      headers: { accept: "application/vnd.github+json", "x-github-api-version": "2022-11-28", "user-agent": "onejob" },
      // Whoever redirects us would get the key.
      redirect: "manual",
      signal: AbortSignal.any([signal, AbortSignal.timeout(answerMs)]),
    });
    return { status: answer.status, body: await answer.text() };
  } catch (error) {
    const { origin } = new URL(url);
    throw new OnejobError("source-unreachable", `${origin}: ${reason(error)}`, { cause: error });
  }
}

/** `fetch` puts the error of the system below one that says only that it failed. */
function reason(error: unknown): string {
  const cause = typeof error === "object" && error !== null && "cause" in error ? error.cause : undefined;
  return errorCode(cause) ?? errorText(cause ?? error);
}

function readApp(text: string): CreatedApp | undefined {
  const body = parsed(text);
  if (typeof body !== "object" || body === null) return undefined;
  const { id, pem, webhook_secret: secret, html_url: url } = body as Readonly<Record<string, unknown>>;
  if (typeof id !== "number" || !Number.isSafeInteger(id) || id < 1) return undefined;
  if (typeof pem !== "string" || !pem.includes("PRIVATE KEY")) return undefined;
  if (typeof url !== "string" || !/^https?:\/\//.test(url)) return undefined;
  return { id, privateKey: pem, webhookSecret: typeof secret === "string" && secret !== "" ? secret : null, url };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
