/** Texts whose form no pattern can say, by the name the schema gives it. */
import { parseListen } from "./settings-listen";
import { apiBase, forgeOrigin, serverOrigin } from "./settings-urls";

export const settingFormats = {
  "host-port": (text: string) => parseListen(text) !== undefined,
  "forge-url": (text: string) => forgeOrigin(text) !== undefined,
  "api-url": (text: string) => apiBase(text) !== undefined,
  "server-url": (text: string) => serverOrigin(text) !== undefined,
} as const;

export type SettingFormat = keyof typeof settingFormats;
