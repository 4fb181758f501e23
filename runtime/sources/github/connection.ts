/** What every call of one source shares: the server, our name there, the line it goes over. */
import type { Instant } from "../../core/model";
import type { Clock, Log } from "../../core/ports";
import type { GithubSourceSettings } from "../../core/settings";
import type { Budget } from "./budget";
import { openBudget } from "./budget";
import type { Line } from "./exchange";
import type { GithubSourceOptions } from "./options";
import { openOutage } from "./outage";
import type { Pauses } from "./pauses";
import { openPauses } from "./pauses";
import { openPointsPool } from "./points-pool";
import type { Fresh, Renewable } from "./renewable";
import { renewable } from "./renewable";
import { sharedRenewable } from "./shared-renewable";
import type { Shelf } from "./shelf";
import { noteNames, openShelf } from "./shelf";
import { apiBase } from "./urls";

export interface Connection {
  readonly settings: GithubSourceSettings;
  readonly baseUrl: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly line: Line;
  readonly clock: Clock;
  readonly log: Log;
  readonly secret: GithubSourceOptions["secret"];
  readonly pauses: Pauses;
  /** A budget of its own for each credential; `credential` is its name among all who use it. */
  newBudget(credential: string): Budget;
  readonly kept: Keeping;
}

/** What is made once for all who share it, by the name it is kept under. */
export interface Keeping {
  installation(scope: string, make: () => Promise<Fresh<string>>): Renewable<string | undefined>;
  /** Made `undefined`: there is no such installation. */
  token(installation: string, make: () => Promise<Fresh<string | undefined>>): Renewable<string | undefined>;
}

const defaultTimeoutMs = 10_000;

export function connect(options: GithubSourceOptions): Connection {
  const { settings, clock, random, log, secret, version, sharing } = options;
  const sleep = options.sleep ?? ((ms) => new Promise((resolve) => setTimeout(resolve, ms)));
  const wire = { fetch: options.fetch ?? globalThis.fetch, timeoutMs: options.timeoutMs ?? defaultTimeoutMs };
  const baseUrl = apiBase(settings.url);
  const { name } = settings;
  const names = noteNames(settings);
  const shelf = sharing === undefined ? null : openShelf({ ...sharing, clock, random, log });
  const pauses = openPauses({ clock, shelf, name: names.pauses });
  const { processes = 1 } = sharing ?? {};
  const pool = (credential: string) =>
    shelf === null || processes === 1 ? null : openPointsPool(shelf, names.points(credential));
  return {
    settings,
    baseUrl,
    headers: {
      accept: "application/vnd.github+json",
      "user-agent": version === undefined ? "onejob" : `onejob/${version}`,
      "x-github-api-version": "2022-11-28",
    },
    line: { ...wire, clock, random, name, outage: openOutage({ clock, pauses, host: new URL(baseUrl).host }) },
    clock,
    log,
    secret,
    pauses,
    newBudget: (credential) => {
      const quietUntil = () => pauses.until(credential);
      const tell = (until: Instant) => pauses.begin(credential, until);
      const company = { processes, pool: pool(credential), quietUntil, tell };
      return openBudget({ name, clock, sleep, company });
    },
    kept: keeping({ clock, names, shelf, tokens: sharing?.tokens === true ? shelf : null }),
  };
}

interface Places {
  readonly clock: Clock;
  readonly names: ReturnType<typeof noteNames>;
  readonly shelf: Shelf | null;
  readonly tokens: Shelf | null;
}

function keeping({ clock, names, shelf, tokens }: Places): Keeping {
  const keep = (on: Shelf | null, name: string, make: () => Promise<Fresh<string | undefined>>) =>
    on === null ? renewable(clock, make) : sharedRenewable(on, name, make);
  return {
    installation: (scope, make) => keep(shelf, names.installation(scope), make),
    token: (installation, make) => keep(tokens, names.token(installation), make),
  };
}
