/** Calls of a GitHub app as itself, within their own budget; a rotated private key is read again. */
import type { Instant } from "../../core/model";
import type { GithubAuth } from "../../core/settings";
import type { Budget } from "./budget";
import type { Connection } from "./connection";
import { CredentialError } from "./credential-error";
import { exchange } from "./exchange";
import { skewOf } from "./limits";
import type { AppAnswer } from "./octokit";
import { openApp } from "./octokit";
import { messageIn } from "./refusals";
import { readCredential } from "./secrets";

export type AppAuth = Extract<GithubAuth, { kind: "app" }>;

export interface AppCall {
  readonly route: string;
  readonly parameters?: Readonly<Record<string, unknown>>;
  readonly background?: boolean;
}

export interface AppClient {
  readonly appId: number;
  now(): Instant;
  /** Answers below 500 but 401 are values. Throws `source-unreachable`, `source-throttled`, `source-refused`. */
  call(call: AppCall): Promise<AppAnswer & { readonly skewMs: number | null }>;
}

export function openAppClient(connection: Connection, auth: AppAuth): AppClient {
  const { appId } = auth;
  const budget = connection.newBudget("app");
  let opened: { readonly key: string; readonly request: ReturnType<typeof openApp> } | undefined;

  async function open(): Promise<ReturnType<typeof openApp>> {
    const { secret } = connection;
    const privateKey = await readCredential(auth.privateKey, { secret, what: `the private key of app ${appId}` });
    if (opened?.key !== privateKey)
      opened = { key: privateKey, request: openApp({ ...connection, appId, privateKey }) };
    return opened.request;
  }

  return {
    appId,
    now: () => connection.clock.now(),
    async call({ route, parameters = {}, background = false }) {
      await connection.pauses.heard();
      const asked = { route, parameters, fetch: budgeted(connection, { budget, background }) };
      const request = opened?.request ?? (await open());
      let answer = await request(asked);
      if (answer.status === 401) {
        // The key may have been rotated since it was read.
        const renewed = await open();
        if (renewed !== request) answer = await renewed(asked);
      }
      if (answer.status === 401) throw notAccepted(appId, answer);
      const headers = { get: (name: string) => answer.headers[name] ?? null };
      return { ...answer, skewMs: skewOf(headers, connection.clock.now()) };
    },
  };
}

function notAccepted(appId: number, { data }: AppAnswer): CredentialError {
  const words = messageIn(data);
  return new CredentialError(
    `app ${appId} is not accepted${words === "" ? "" : ` (${words})`}: its id and its private key must belong together`,
  );
}

/** Octokit's own `fetch`: over our line, in turn. */
function budgeted({ line }: Connection, options: { budget: Budget; background: boolean }): typeof globalThis.fetch {
  return async (input, init) => {
    const request = { method: init?.method ?? "GET", url: String(input), headers: ownHeaders(init) };
    const body = typeof init?.body === "string" ? { body: init.body } : {};
    const { status, headers, text } = await exchange({ ...request, ...body }, { ...options, line });
    return new Response(text === "" ? null : text, { status, headers });
  };
}

function ownHeaders(init: RequestInit | undefined): Record<string, string> {
  return Object.fromEntries(new Headers(init?.headers).entries());
}
