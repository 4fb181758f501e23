/** Makes a GitHub App with the help of a browser, and waits until it is there. */
import { OnejobError } from "../../core/errors";
import { errorText } from "../../core/error-facts";
import type { AppWish } from "./app-manifest";
import { openAppPage } from "./app-page";
import type { Redeemed } from "./app-page";
import type { CreatedApp } from "./redeem-code";
import { redeemCode } from "./redeem-code";

export interface CreateAppOptions {
  readonly wish: AppWish;
  readonly apiUrl: string;
  /** Of the page; 0 takes a free one. */
  readonly port: number;
  /** Told the address to open. */
  readonly announce: (pageUrl: string) => void;
  /** Told what went wrong and can be tried again. */
  readonly say: (text: string) => void;
  /** Stores the app before the browser is told that it is made. */
  readonly keep: (app: CreatedApp) => void;
  /** Fires when the user leaves. */
  readonly signal: AbortSignal;
  /** How long the user may take, in milliseconds. @default ten minutes */
  readonly waitMs?: number;
}

const tenMinutesMs = 600_000;

/** Throws `source-refused` when GitHub takes back its word, `source-unreachable` when nobody finished in time. */
export async function createApp(options: CreateAppOptions): Promise<CreatedApp> {
  const outcome = new Outcome<CreatedApp>();
  const redeem = async (code: string): Promise<Redeemed> => {
    try {
      const app = await redeemCode({ apiUrl: options.apiUrl, code, signal: options.signal });
      options.keep(app);
      outcome.resolve(app);
      return { kind: "done", installUrl: installUrl(app) };
    } catch (error) {
      return failed(error, { options, outcome });
    }
  };
  const page = await openAppPage({ wish: options.wish, port: options.port, redeem });
  const { waitMs = tenMinutesMs } = options;
  const timer = setTimeout(() => outcome.reject(tooLate(waitMs)), waitMs);
  const leave = (): void => outcome.reject(new Left());
  options.signal.addEventListener("abort", leave);
  try {
    options.announce(page.url);
    return await outcome.promise;
  } finally {
    clearTimeout(timer);
    options.signal.removeEventListener("abort", leave);
    await page.close();
  }
}

/** The user left by Ctrl-C. */
export class Left extends Error {}

export function installUrl({ url }: CreatedApp): string {
  return `${url}/installations/new`;
}

function failed(
  error: unknown,
  { options, outcome }: { readonly options: CreateAppOptions; readonly outcome: Outcome<CreatedApp> },
): Redeemed {
  const what = errorText(error);
  const mayWork = error instanceof OnejobError && error.code === "source-unreachable" && !options.signal.aborted;
  if (mayWork) {
    options.say(`onejob: ${what}; reload the page in the browser to try again`);
    return { kind: "again", what };
  }
  outcome.reject(error);
  return { kind: "refused", what };
}

function tooLate(waitMs: number): OnejobError {
  const minutes = Math.round(waitMs / 60_000);
  return new OnejobError("source-unreachable", `no app was made within ${minutes} minutes, and nothing was written`);
}

/** A promise that others settle; the first one counts. */
class Outcome<T> {
  resolve: (value: T) => void = () => undefined;
  reject: (error: unknown) => void = () => undefined;
  readonly promise: Promise<T>;

  constructor() {
    this.promise = new Promise<T>((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    // It may be rejected before anybody waits for it.
    this.promise.catch(() => undefined);
  }
}
