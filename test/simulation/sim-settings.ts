/** The settings that a run begins with, and what may become of them. */
import type { ProfileSettings, Settings } from "../../runtime/core/settings";
import { ec2Profile } from "../fixtures/ec2-profile";
import { someProfile, someSettings } from "../fixtures/records";
import type { Caps, Pace } from "./picture";
import type { MarketPlan, Plan } from "./scenario";
import { forgeName } from "./sim-forge";

const minute = 60_000;
export const bootMs = 5 * minute;
export const idleMs = 5 * minute;
export const jobMs = 60 * minute;
/** Of our own jobs, as they ask for it. */
export const ownMs = 30 * minute;
export const queuedMs = 2 * 60 * minute;
export const waitingMs = 6 * 60 * minute;

const timeouts = { bootMs, idleMs, jobMs, queuedMs, waitingMs };

export function settingsFor(plan: Plan): Settings {
  const { profileCap, fleetCap, pace, market } = plan;
  const settings = someSettings(
    [
      profile("small", { labels: ["linux"], maxRunners: profileCap, market }),
      profile("large", { labels: ["linux", "large"], maxRunners: profileCap, market }),
    ],
    { maxRunners: fleetCap },
  );
  return {
    ...settings,
    lease: { durationMs: pace.leaseMs },
    sweep: { intervalMs: pace.sweepMs },
    sources: [...settings.sources, forgeSettings],
  };
}

export function capsOf({ profiles, server }: Settings): Caps {
  return {
    profiles: Object.fromEntries(profiles.map(({ name, limits }) => [name, limits.maxRunners])),
    fleet: server.maxRunners,
  };
}

export function paceOf({ sweep, lease }: Settings): Pace {
  return { sweepMs: sweep.intervalMs, leaseMs: lease.durationMs };
}

interface ProfilePlan {
  readonly labels: readonly string[];
  readonly maxRunners: number;
  readonly market: MarketPlan;
}

function profile(name: string, { labels, maxRunners, market }: ProfilePlan): ProfileSettings {
  const { spot, onInterruption } = market;
  const { compute } = ec2Profile(name, { spot, onInterruption });
  return { ...someProfile({ name, limits: { maxRunners }, timeouts }), labels, compute };
}

const forgeSettings: Settings["sources"][number] = {
  ...{ name: forgeName, kind: "github", url: "https://forge.example", scopes: ["acme"], runnerGroup: "Default" },
  auth: { kind: "token", token: { env: "GH_TOKEN" } },
  webhookSecrets: [{ env: "GH_WEBHOOK_SECRET" }],
  intake: "both",
  poll: { intervalMs: 15_000 },
  recovery: { deliveriesMs: 300_000, runnersMs: 900_000, jobsMs: 600_000 },
  trust: null,
  runner: { path: "/opt/runner" },
};
