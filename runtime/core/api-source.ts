/** The source that is always there: jobs handed to us by CLI and HTTP. */
import type { Reach } from "./model";
import type { ProfileSettings } from "./settings";

export const apiSource = "api";
export const apiHost = "local";

/** Every runner of a profile can serve every job that was routed to it: here we are the ones who assign. */
export function apiReach(profile: ProfileSettings): Reach {
  return { source: apiSource, host: apiHost, scope: "", group: "", labels: profile.labels };
}
