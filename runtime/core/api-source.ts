/** The source that is always there: jobs handed to us by CLI and HTTP. */
import type { Reach } from "./model";
import type { ProfileSettings } from "./settings";

export const apiSource = "api";
export const apiHost = "local";

/** Whether a forge gives out these jobs, or gives jobs to this reach. Also true of one that is not configured any more. */
export function isForges({ source }: { readonly source: string }): boolean {
  return source !== apiSource;
}

/** Every runner of a profile can serve every job that was routed to it: here we are the ones who assign. */
export function apiReach(profile: ProfileSettings): Reach {
  return { source: apiSource, host: apiHost, scope: "", group: "", labels: profile.labels };
}
