/** Somebody changes the configuration: other limits, or a profile that is taken out and comes back. */
import type { Settings } from "../../runtime/core/settings";
import type { Dice } from "./dice";
import type { Kernel } from "./kernel";
import type { Judge } from "./judge";
import type { Server } from "./server";
import { capsOf } from "./sim-settings";

const minute = 60_000;
/** What was asked for under the old limits may still come up for so long. */
const underWayMs = 6 * minute;

export interface ReloadParts {
  readonly kernel: Kernel;
  readonly dice: Dice;
  readonly server: Server;
  readonly judge: Judge;
}

/** Now and then, and back after a while. `pending`: how many changes are in force. */
export function reloadNowAndThen(settings: Settings, parts: ReloadParts): { readonly pending: () => number } {
  const { kernel, dice } = parts;
  let pending = 0;
  const again = () =>
    kernel.every(minute, () => {
      if (!dice.strikes("reload")) return true;
      pending += 1;
      apply(changedSettings(settings, dice), parts);
      kernel.after(dice.between(1, 20, "reload") * minute, () => {
        apply(settings, parts);
        pending -= 1;
        again();
      });
      return false;
    });
  again();
  return { pending: () => pending };
}

function changedSettings(settings: Settings, dice: Dice): Settings {
  const { profiles } = settings;
  const out = dice.pick([...profiles.map(({ name }) => name), "none", "none"], "reload");
  const factor = dice.pick([0.5, 2], "reload") ?? 2;
  const changed = profiles.map((profile) => {
    const maxRunners = Math.max(1, Math.floor(profile.limits.maxRunners * factor));
    return { ...profile, limits: { ...profile.limits, maxRunners } };
  });
  return { ...settings, profiles: out === "none" ? changed : profiles.filter(({ name }) => name !== out) };
}

/** Lower limits hold for what is asked for from now on. */
function apply(settings: Settings, { kernel, server, judge }: ReloadParts): void {
  const [before, after] = [judge.caps.profiles, capsOf(settings)];
  const names = new Set([...Object.keys(before), ...Object.keys(after.profiles)]);
  const higher = [...names].map((name) => [name, Math.max(before[name] ?? 0, after.profiles[name] ?? 0)] as const);
  const caps = { ...after, profiles: Object.fromEntries(higher) };
  judge.caps = caps;
  judge.configured(settings.profiles.map(({ name }) => name));
  judge.forgives();
  kernel.after(underWayMs, () => {
    if (judge.caps === caps) judge.caps = after;
  });
  server.reload(settings);
}
