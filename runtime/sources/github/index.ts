/** Source `github`: jobs of GitHub Actions on github.com, ghe.com and GitHub Enterprise Server. */
import type { JobSource } from "../../core/ports";
import { boundedMap } from "./bounded-map";
import { connect } from "./connection";
import { openEnroller } from "./enrol";
import { openJobSearch } from "./find-jobs";
import { jobState } from "./job-state";
import type { GithubSourceOptions } from "./options";
import { githubReceiver } from "./receive";
import { redeliverLost } from "./redeliver";
import type { Repositories } from "./repositories";
import { openRepositories } from "./repositories";
import { rerunJob } from "./rerun-job";
import { cancelRun, isFork } from "./run-control";
import { removeGhosts, withdrawRunner } from "./runners";
import { openSpeakers } from "./speakers";

export { checkGithubSource } from "./check";
export type { GithubCheckOptions, GithubFinding, GithubSourceOptions } from "./options";
export type { Sharing } from "./shelf";

const mostForksKnown = 5_000;

/** No call is made before the first method that needs one. */
export function githubSource(options: GithubSourceOptions): JobSource {
  const { settings, log } = options;
  const connection = connect(options);
  const { app, client } = openSpeakers(connection);
  const repositories = openRepositories(connection, client);
  const { enrol } = openEnroller(connection, client);
  const forks = boundedMap<boolean>(mostForksKnown);
  const takesWebhooks = settings.intake !== "poll";
  return {
    name: settings.name,
    assigns: false,
    announces: takesWebhooks,
    receive: noting(githubReceiver(options), repositories),
    enrol,
    withdraw: (runner, handle) => withdrawRunner(client, runner, handle),
    cancel: async (job) => {
      await cancelRun(client, job);
      return "asked";
    },
    rerun: (job, { unlessDone }) => rerunJob(client, { job, unlessDone, auth: settings.auth.kind }),
    jobState: (job) => jobState(client, { known: job, source: settings }),
    isFork: (facts) => isFork(client, facts, forks),
    findJobs: openJobSearch({ connection, client, repositories }),
    // A token sees no deliveries, and without webhooks there are none.
    redeliverLost: async () => (app === null || !takesWebhooks ? 0 : redeliverLost(app, log)),
    removeGhosts: (isGone) => removeGhosts({ client, scopes: settings.scopes, isGone, log }),
  };
}

function noting(receive: JobSource["receive"], repositories: Repositories): JobSource["receive"] {
  return async (delivery) => {
    const parsed = await receive(delivery);
    for (const { facts } of parsed.kind === "events" ? parsed.events : [])
      if (facts.origin !== null) repositories.note(facts.origin.repository);
    return parsed;
  };
}
