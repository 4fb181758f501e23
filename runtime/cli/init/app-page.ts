/**
 * The page on this machine that sends the browser to GitHub, and gets it back with a one-time code. It listens on
 * loopback only; its own address and the `state` cannot be guessed, so that no other page or user can put a code in.
 */
import { randomBytes, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { errorCode, errorText } from "../../core/error-facts";
import { OnejobError } from "../../core/errors";
import type { AppWish } from "./app-manifest";
import { donePage, problemPage, startPage } from "./app-manifest";

/** What becomes of a code. `again`: the same code may be tried once more. */
export type Redeemed =
  | { readonly kind: "done"; readonly installUrl: string }
  | { readonly kind: "again" | "refused"; readonly what: string };

export interface AppPage {
  /** What to open in a browser. */
  readonly url: string;
  /** Resolves once every answer under way is sent. */
  close(): Promise<void>;
}

export interface AppPageOptions {
  readonly wish: AppWish;
  /** 0 takes a free one. */
  readonly port: number;
  /** Called with one code at a time. Never throws. */
  readonly redeem: (code: string) => Promise<Redeemed>;
}

const host = "127.0.0.1";
const lastAnswerMs = 1_000;
const returnPath = "/created";

export async function openAppPage({ wish, port, redeem }: AppPageOptions): Promise<AppPage> {
  const state = randomBytes(24).toString("base64url");
  const server = createServer((request, response) => {
    // Whatever somebody else on this machine asks must not end us with the app's only key in hand.
    answer(request, response).catch(() => response.destroy());
  });
  const origin = `http://${host}:${await listen(server, port)}`;
  let busy = false;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", origin);
    if (request.method !== "GET") return reply(response, { status: 405, body: problemPage("Only GET works here.") });
    if (url.pathname === `/${state}`)
      return reply(response, { status: 200, body: startPage(wish, { state, redirectUrl: `${origin}${returnPath}` }) });
    if (url.pathname !== returnPath)
      return reply(response, { status: 404, body: problemPage("There is nothing here.") });
    return reply(response, await comeBack(url.searchParams));
  }

  async function comeBack(query: URLSearchParams): Promise<Reply> {
    const code = query.get("code") ?? "";
    if (!isSame(query.get("state") ?? "", state) || code === "")
      return {
        status: 400,
        body: problemPage(
          "This does not belong to the app being made here. Begin again at the address in the terminal.",
        ),
      };
    if (busy) return { status: 409, body: problemPage("GitHub is being asked already.") };
    busy = true;
    const redeemed = await redeem(code);
    busy = redeemed.kind === "done";
    if (redeemed.kind === "done") return { status: 200, body: donePage(redeemed.installUrl) };
    const rest = redeemed.kind === "again" ? " Reload this page to try again." : "";
    return { status: 502, body: problemPage(`${redeemed.what}.${rest}`) };
  }

  return { url: `${origin}/${state}`, close: () => close(server) };
}

interface Reply {
  readonly status: number;
  readonly body: string;
}

function reply(response: ServerResponse, { status, body }: Reply): void {
  response.writeHead(status, {
    "content-type": "text/html; charset=utf-8",
    "content-security-policy": "default-src 'none'",
    "cache-control": "no-store",
    connection: "close",
  });
  response.end(body);
}

function isSame(given: string, wanted: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(wanted)];
  return a.length === b.length && timingSafeEqual(a, b);
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause) => {
      const why = errorCode(cause) ?? errorText(cause);
      reject(
        new OnejobError("port-in-use", `${host}:${port}, for the page that makes the app (${why}); see --port`, {
          cause,
        }),
      );
    });
    server.listen({ host, port }, () => {
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : port);
    });
  });
}

/** The browser waits for the last answer; a connection that asks nothing is not waited for. */
async function close(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => void server.close(() => resolve()));
  const timer = setTimeout(() => server.closeAllConnections(), lastAnswerMs);
  await closed;
  clearTimeout(timer);
}
