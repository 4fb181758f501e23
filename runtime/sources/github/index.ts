/** Source `github`: jobs of GitHub Actions on github.com, ghe.com and GitHub Enterprise Server. */
import type { JobSource } from "../../core/ports";
import type { GithubSourceOptions } from "./options";

export type { GithubCheckOptions, GithubFinding, GithubSourceOptions } from "./options";

export function githubSource(options: GithubSourceOptions): JobSource {
  throw new Error(`the source ${options.settings.name} is being written`);
}
