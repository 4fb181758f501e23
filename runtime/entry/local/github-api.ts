/** For the CLI, which may not look into adapters: where the API of a GitHub is. */
export { apiBase as githubApi } from "../../sources/github/urls";
