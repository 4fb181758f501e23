/** One HTTP call to a GitHub server: bounded in time, never beyond this server, its failures in our words. */
import { errorCode, errorText } from "../../core/error-facts";
import { OnejobError } from "../../core/errors";
import { isFields } from "./shape";

export interface WireRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface WireAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

export interface Wire {
  readonly fetch: typeof globalThis.fetch;
  readonly timeoutMs: number;
}

const mostRedirects = 3;
const redirects: readonly number[] = [301, 302, 307, 308];

/** Throws `source-unreachable`; `source-refused` when the server sends us to another one. */
export async function send(request: WireRequest, wire: Wire): Promise<WireAnswer> {
  let url = request.url;
  for (let hops = 0; ; hops += 1) {
    const answer = await sendOnce({ ...request, url }, wire);
    const target = redirects.includes(answer.status) ? answer.headers.get("location") : null;
    if (target === null) return answer;
    if (hops === mostRedirects) throw new OnejobError("source-unreachable", `${hostIn(url)} redirects in a circle`);
    url = sameServer(url, target);
  }
}

/**
 * A renamed repository answers with its new address, and the call is to be made again there as it was. `fetch` by
 * itself would make a GET of a POST, and a token must not follow to another server.
 */
function sameServer(from: string, target: string): string {
  const next = URL.canParse(target, from) ? new URL(target, from) : null;
  if (next !== null && next.origin === new URL(from).origin) return next.href;
  const where = next === null ? "an address that is none" : next.origin;
  throw new OnejobError("source-refused", `${hostIn(from)} redirects to ${where}: set that server as the source's url`);
}

async function sendOnce({ method, url, headers, body }: WireRequest, { fetch, timeoutMs }: Wire): Promise<WireAnswer> {
  try {
    const response = await fetch(url, {
      method,
      headers,
      redirect: "manual",
      signal: AbortSignal.timeout(timeoutMs),
      ...(body === undefined ? {} : { body }),
    });
    // Within the same time-out: a server may answer its headers and hang.
    return { status: response.status, headers: response.headers, text: await response.text() };
  } catch (error) {
    throw new OnejobError("source-unreachable", `${hostIn(url)}: ${reason(error, timeoutMs)}`, { cause: error });
  }
}

function hostIn(url: string): string {
  return new URL(url).host;
}

function reason(error: unknown, timeoutMs: number): string {
  const { name, cause } = isFields(error) ? error : {};
  if (name === "TimeoutError" || name === "AbortError") return `no answer within ${timeoutMs / 1_000} s`;
  const code = errorCode(cause) ?? errorCode(error);
  if (code !== undefined && /CERT|SIGNATURE/.test(code))
    return `its certificate is not trusted (${code}); for an authority of your own set NODE_EXTRA_CA_CERTS`;
  return code ?? errorText(cause ?? error);
}
