/**
 * The settings in force, from SSM: one parameter for what holds for the fleet, one per profile. Read at most once a minute;
 * what is refused or cannot be read leaves the last good ones in force.
 */
import { GetParametersByPathCommand, type Parameter, type SSMClient } from "@aws-sdk/client-ssm";
import { errorText } from "../../core/error-facts";
import { OnejobError } from "../../core/errors";
import type { Clock, Log } from "../../core/ports";
import { readSettings } from "../../core/read-settings";
import type { Settings } from "../../core/settings";

const keptMs = 60_000;

export interface SsmSettingsOptions {
  readonly client: SSMClient;
  /** `FleetFacts.settingsPath`. */
  readonly path: string;
  readonly clock: Clock;
  readonly log: Pick<Log, "warn">;
}

export interface SettingsLoader {
  /** Of the last load. Throws `bad-config` before the first good one. */
  readonly current: () => Settings;
  /** Reads them again when they are old. Throws only when there never were any. */
  load(): Promise<void>;
}

export function ssmSettings({ client, path, clock, log }: SsmSettingsOptions): SettingsLoader {
  let good: Settings | undefined;
  let askedAt = Number.NEGATIVE_INFINITY;
  const current = (): Settings => {
    if (good === undefined) throw new OnejobError("bad-config", `nothing was read from ${path} yet`);
    return good;
  };
  const renew = async (now: number): Promise<void> => {
    try {
      good = settingsOf(await readAll(client, path), path);
    } catch (error) {
      if (good === undefined) throw error;
      log.warn("settings not renewed, the last good ones stay in force", { path, error });
    }
    askedAt = now;
  };
  let renewing: Promise<void> | undefined;
  return {
    current,
    async load() {
      const now = clock.now();
      // A clock that was set back must not keep the settings for hours.
      if (good !== undefined && now >= askedAt && now - askedAt < keptMs) return;
      renewing ??= renew(now).finally(() => (renewing = undefined));
      await renewing;
    },
  };
}

async function readAll(client: SSMClient, path: string): Promise<readonly Parameter[]> {
  const found: Parameter[] = [];
  let NextToken: string | undefined;
  do {
    const input = { Path: path, Recursive: true, ...(NextToken === undefined ? {} : { NextToken }) };
    const page = await client.send(new GetParametersByPathCommand(input));
    found.push(...(page.Parameters ?? []));
    NextToken = page.NextToken;
  } while (NextToken !== undefined && NextToken !== "");
  return found;
}

function settingsOf(parameters: readonly Parameter[], path: string): Settings {
  const byName = [...parameters].sort((a, b) => ((a.Name ?? "") < (b.Name ?? "") ? -1 : 1));
  const base = byName.find(({ Name }) => Name === `${path}/base`);
  if (base === undefined) throw new OnejobError("bad-config", `there is no parameter ${path}/base`);
  const profiles = byName.filter(({ Name = "" }) => Name.startsWith(`${path}/profiles/`)).map(documentOf);
  const whole = documentOf(base);
  const read = readSettings({ ...(whole as object), profiles }, { os: "linux", arch: "x64", host: "aws" });
  if (read.ok) return read.settings;
  const words = read.problems.map(({ path: where, what }) => `${where} ${what}`);
  throw new OnejobError("bad-config", `${path}: ${words.join("; ")}`, { details: read.problems });
}

function documentOf({ Name = "", Value = "" }: Parameter): unknown {
  try {
    return JSON.parse(Value);
  } catch (cause) {
    throw new OnejobError("bad-config", `the parameter ${Name} is not JSON: ${errorText(cause)}`, { cause });
  }
}
