/**
 * What a GitHub app does as itself: look up its installations, get their tokens, ask for deliveries. The only file that
 * imports Octokit: it signs the app's tokens, and repeats a call whose token failed because our clock is wrong.
 */
import { App } from "@octokit/app";
import { OnejobError } from "../../core/errors";
import type { Log } from "../../core/ports";
import { CredentialError } from "./credential-error";
import { isFields } from "./shape";

export interface AppOptions {
  readonly appId: number;
  readonly privateKey: string;
  readonly baseUrl: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly log: Log;
}

export interface AppAnswer {
  readonly status: number;
  /** Parsed; whole numbers beyond 2^53 are BigInts. */
  readonly data: unknown;
  readonly headers: Readonly<Record<string, string | undefined>>;
}

export interface AppRequest {
  /** `GET /orgs/{org}/installation` */
  readonly route: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly fetch: typeof globalThis.fetch;
}

/**
 * Answers of any status are values. Throws what `fetch` throws; `source-refused` when the key cannot sign,
 * `source-unreachable` for an answer that cannot be read.
 */
export function openApp({ appId, privateKey, baseUrl, headers, log }: AppOptions) {
  const app = new App({ appId, privateKey, log: quietLog(appId, log) });
  const request = app.octokit.request.defaults({ baseUrl, headers });

  return async ({ route, parameters, fetch }: AppRequest): Promise<AppAnswer> => {
    let sent = false;
    const observed: typeof fetch = (...call) => {
      sent = true;
      return fetch(...call);
    };
    try {
      const answer = await request(route, { ...parameters, request: { fetch: observed } });
      return { status: answer.status, data: answer.data, headers: plainHeaders(answer.headers) };
    } catch (error) {
      return answerIn(error, { appId, sent });
    }
  };
}

/** Octokit warns with every call while the clocks differ; once is enough. */
function quietLog(app: number, log: Log) {
  let warned = false;
  const silent = () => undefined;
  const warn = () => {
    if (!warned) log.warn("github's clock and ours differ, so the app's tokens have to be made twice", { app });
    warned = true;
  };
  return { debug: silent, info: silent, warn, error: silent };
}

/** Octokit throws what it was answered, and wraps what was thrown by `fetch`. */
function answerIn(error: unknown, { appId, sent }: { appId: number; sent: boolean }): AppAnswer {
  const { cause, response } = isFields(error) ? error : {};
  if (cause instanceof OnejobError) throw cause;
  if (isFields(response) && typeof response["status"] === "number")
    return { status: response["status"], data: response["data"], headers: plainHeaders(response["headers"]) };
  if (sent) throw new OnejobError("source-unreachable", "GitHub's answer cannot be read");
  // Without its cause: what a parser says about a key may quote it.
  throw new CredentialError(`the private key of app ${appId} cannot sign: use the .pem file from GitHub`);
}

function plainHeaders(headers: unknown): AppAnswer["headers"] {
  const entries = Object.entries(isFields(headers) ? headers : {});
  return Object.fromEntries(entries.map(([name, value]) => [name, value === undefined ? undefined : String(value)]));
}
