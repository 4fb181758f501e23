/** The settings in force. A reload that fails changes nothing. */
import type { Log } from "../../core/ports";
import type { Settings } from "../../core/settings";
import { loadSettings, thisMachine } from "./config-file";

export interface SettingsHolder {
  readonly current: () => Settings;
  /** Reads the file again; answers whether the new settings hold now. */
  reload(): boolean;
}

export function settingsHolder(file: string | null, log: Log): SettingsHolder {
  let current = loadSettings(file, thisMachine());
  return {
    current: () => current,
    reload() {
      try {
        const fresh = loadSettings(file, thisMachine());
        if (fresh.server.listen !== current.server.listen) log.warn("server.listen changes at the next start only");
        current = fresh;
        log.info("configuration reloaded", { file });
        return true;
      } catch (error) {
        log.error("configuration not reloaded, the old one stays in force", { file, error });
        return false;
      }
    },
  };
}
