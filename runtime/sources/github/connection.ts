/** What every call of one source shares: the server, our name there, the line it goes over. */
import type { Clock, Log } from "../../core/ports";
import type { GithubSourceSettings } from "../../core/settings";
import type { Budget } from "./budget";
import { openBudget } from "./budget";
import type { Line } from "./exchange";
import type { GithubSourceOptions } from "./options";
import { apiBase } from "./urls";

export interface Connection {
  readonly settings: GithubSourceSettings;
  readonly baseUrl: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly line: Line;
  readonly clock: Clock;
  readonly log: Log;
  readonly secret: GithubSourceOptions["secret"];
  /** A budget of its own for each credential. */
  newBudget(): Budget;
}

const defaultTimeoutMs = 10_000;

export function connect(options: GithubSourceOptions): Connection {
  const { settings, clock, random, log, secret, version } = options;
  const sleep = options.sleep ?? ((ms) => new Promise((resolve) => setTimeout(resolve, ms)));
  const wire = { fetch: options.fetch ?? globalThis.fetch, timeoutMs: options.timeoutMs ?? defaultTimeoutMs };
  return {
    settings,
    baseUrl: apiBase(settings.url),
    headers: {
      accept: "application/vnd.github+json",
      "user-agent": version === undefined ? "onejob" : `onejob/${version}`,
      "x-github-api-version": "2022-11-28",
    },
    line: { ...wire, clock, random, name: settings.name },
    clock,
    log,
    secret,
    newBudget: () => openBudget({ name: settings.name, clock, sleep }),
  };
}
