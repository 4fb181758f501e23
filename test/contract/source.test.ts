import { apiSource } from "../../runtime/sources/api";
import { reach, someFacts } from "../fixtures/records";
import { byApp, byToken, githubWorld } from "./github-source-world";
import { memoryWorld } from "./memory-source-world";
import { sourceContract } from "./source.contract";

sourceContract("memory", () => Promise.resolve(memoryWorld()), {
  skip: [{ reason: "tests hand its events over themselves, and lose them", tests: ["receive", "redeliverLost"] }],
});

sourceContract("github, by an app on an organisation, with webhooks", () => githubWorld(byApp));

sourceContract("github, by a token on a repository, asked again and again", () => githubWorld(byToken), {
  skip: [{ reason: "it is told of nothing, so nothing is lost", tests: ["receive", "redeliverLost"] }],
});

sourceContract(
  "api",
  () =>
    Promise.resolve({
      source: apiSource(),
      reach,
      neverWas: () => someFacts(),
      far: null,
      close: () => Promise.resolve(),
    }),
  {
    skip: [
      {
        reason: "its jobs are nowhere but in our ledger: nobody there knows, finds, stops or repeats them",
        tests: ["jobState", "isFork", "findJobs", "cancel", "rerun", "a far side in trouble"],
      },
      {
        reason: "we assign its jobs: a runner needs no right from anybody",
        tests: ["enrol", "withdraw", "removeGhosts"],
      },
      { reason: "it takes no webhooks", tests: ["receive", "redeliverLost"] },
    ],
  },
);
