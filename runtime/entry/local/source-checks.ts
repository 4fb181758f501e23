/** For the CLI, which may not look into adapters: where a source's API is, and whether the source will work. */
export { checkGithubSource } from "../../sources/github/check";
export type { GithubFinding } from "../../sources/github/options";
export { apiBase as githubApi } from "../../sources/github/urls";
