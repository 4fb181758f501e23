/** What `onejob doctor` asks of a GitHub source. */
import type { GithubCheckOptions, GithubFinding } from "./options";

/** Never throws: what cannot be found out is a finding too. */
export async function checkGithubSource(options: GithubCheckOptions): Promise<readonly GithubFinding[]> {
  return Promise.resolve([{ id: "github-reachable", ok: false, what: options.settings.url, fix: "" }]);
}
