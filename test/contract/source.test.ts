import { byApp, byToken, githubWorld } from "./github-source-world";
import { sourceContract } from "./source.contract";

sourceContract("github, by an app on an organisation, with webhooks", () => githubWorld(byApp));

sourceContract("github, by a token on a repository, asked again and again", () => githubWorld(byToken), {
  skip: [{ reason: "it is told of nothing, so nothing is lost", tests: ["receive", "redeliverLost"] }],
});
