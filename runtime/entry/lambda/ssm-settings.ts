/**
 * The settings in force, from SSM. Read at most once a minute; what is refused or cannot be read leaves the last good ones
 * in force.
 */
import type { SSMClient } from "@aws-sdk/client-ssm";
import { OnejobError } from "../../core/errors";
import type { Log } from "../../core/ports";
import type { Settings } from "../../core/settings";
import { isThrottle, patiently, type Patience } from "./patience";
import { readParameters, settingsOf, UnfitSettings } from "./settings-documents";

const keptMs = 60_000;

export interface SsmSettingsOptions {
  readonly client: SSMClient;
  /** `FleetFacts.settingsPath`. */
  readonly path: string;
  /** While there are none yet: SSM may be asked too often, or a deployment may be at it. Also tells the time. */
  readonly patience: Patience;
  readonly log: Pick<Log, "warn">;
}

export interface SettingsLoader {
  /** Of the last load. Throws `bad-config` before the first good one. */
  readonly current: () => Settings;
  /** Reads them again when they are old. Throws only when there never were any. */
  load(): Promise<void>;
}

export function ssmSettings({ client, path, patience, log }: SsmSettingsOptions): SettingsLoader {
  const { clock } = patience;
  let good: Settings | undefined;
  let askedAt = Number.NEGATIVE_INFINITY;
  const current = (): Settings => {
    if (good === undefined) throw new OnejobError("bad-config", `nothing was read from ${path} yet`);
    return good;
  };
  const read = async (): Promise<Settings> => settingsOf(await readParameters(client, path), path);
  const renew = async (now: number): Promise<void> => {
    try {
      good = good === undefined ? await patiently(read, mayPass, patience) : await read();
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

function mayPass(error: unknown): boolean {
  return error instanceof UnfitSettings || isThrottle(error);
}
