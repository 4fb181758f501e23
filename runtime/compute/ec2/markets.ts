/** In which order a launch asks the markets, and what one of them said means for those that are left. */
import type { Ec2ComputeSettings } from "../../core/settings";
import type { Failure } from "./fleet-call";
import type { Market } from "./pools";
import { worstUseful } from "./refusal";

/** What was interrupted has on-demand first; and spot all the same, for where there is nothing else it would wait for long. */
export function marketsOf({ spot, spotAttempts }: Ec2ComputeSettings, insistedOn?: Market): readonly Market[] {
  if (spot === "only") return ["spot"];
  if (spot === "never") return ["on-demand"];
  if (insistedOn === "on-demand") return ["on-demand", "spot"];
  return [...Array.from({ length: spotAttempts }, () => "spot" as const), "on-demand"];
}

/** Spot and on-demand have quotas of their own, but no other market helps what is set up wrong or throttled. */
export function nextMarkets(failures: readonly Failure[], later: readonly Market[]): readonly Market[] {
  switch (worstUseful(failures)) {
    case "capacity":
      return later;
    case "quota":
      return later.filter((market) => failures.every((failure) => failure.market !== market));
    case "throttle":
    case "config":
      return [];
  }
}
