/** The part of the check that asks GitHub about one scope: may we do there what running its jobs needs? */
import { OnejobError } from "../../core/errors";
import { checkInstallation } from "./check-installation";
import type { ApiCall } from "./client";
import type { Connection } from "./connection";
import { CredentialError } from "./credential-error";
import { bad, good, inWords } from "./findings";
import { findGroup, readGroups } from "./groups";
import { findInstallation } from "./installations";
import type { GithubFinding } from "./options";
import type { Right } from "./rights";
import { howToGrant } from "./rights";
import type { Speakers } from "./speakers";
import { checkExpiry } from "./token-expiry";
import { isRepository, repositoryPath, scopePath } from "./urls";

export interface ScopeQuestion {
  readonly scope: string;
  readonly connection: Connection;
  readonly speakers: Speakers;
}

/** Throws `CredentialError`, which is about none of the scopes. */
export async function checkScope(question: ScopeQuestion): Promise<readonly GithubFinding[]> {
  const granted = await checkGranted(question);
  if (granted.some(({ ok }) => !ok)) return granted;
  return [
    ...granted,
    ...(await checkRunners(question)),
    ...(await checkJobs(question)),
    ...(await checkGroup(question)),
  ];
}

function checkGranted({ scope, connection, speakers }: ScopeQuestion): Promise<readonly GithubFinding[]> {
  const { app } = speakers;
  if (app === null) return Promise.resolve([]);
  const failed = (error: unknown) => [
    bad(`github-installation-${scope}`, inWords(error), `install the app for "${scope}", or correct scopes`),
  ];
  return caught(failed, async () => {
    const { intake } = connection.settings;
    return checkInstallation(await findInstallation(app, scope), { scope, intake });
  });
}

/** What the permissions promise, tried: the owner's policies may forbid it all the same. */
function checkRunners(question: ScopeQuestion): Promise<readonly GithubFinding[]> {
  const { scope, connection, speakers } = question;
  const id = `github-runners-${scope}`;
  const call: ApiCall = { scope, right: "runners", path: `${scopePath(scope)}/actions/runners?per_page=1` };
  return caught(refusedFor(id, "runners", question), async () => {
    const { headers } = await speakers.client.call(call, () => undefined);
    return [good(id, `the runners of "${scope}" are ours to see`), ...checkExpiry(headers, connection.clock.now())];
  });
}

function checkJobs(question: ScopeQuestion): Promise<readonly GithubFinding[]> {
  const { scope, speakers } = question;
  if (!isRepository(scope)) return Promise.resolve([]);
  const id = `github-jobs-${scope}`;
  const path = `${repositoryPath(scope)}/actions/runs?status=queued&per_page=1`;
  return caught(refusedFor(id, "read-jobs", question), async () => {
    await speakers.client.call({ scope, right: "read-jobs", path }, () => undefined);
    return [good(id, `the jobs of "${scope}" are ours to see`)];
  });
}

function checkGroup(question: ScopeQuestion): Promise<readonly GithubFinding[]> {
  const { scope, connection, speakers } = question;
  const { runnerGroup: group, auth } = connection.settings;
  if (isRepository(scope)) return Promise.resolve([]);
  const id = `github-group-${scope}`;
  const failed = (error: unknown) => [bad(id, inWords(error), "correct runnerGroup, or make that group there")];
  return caught(failed, async () => {
    findGroup(await readGroups(speakers.client, scope), { scope, group, auth: auth.kind });
    return [good(id, `runners of "${scope}" join the group "${group}"`)];
  });
}

function refusedFor(id: string, right: Right, { scope, connection }: ScopeQuestion) {
  const fix = howToGrant(right, { scope, auth: connection.settings.auth.kind });
  return (error: unknown) => [
    // The error says what to do as well; once is enough.
    bad(id, inWords(error).replace(`; ${fix}`, ""), isRefusal(error) ? fix : "run `onejob doctor` again in a while"),
  ];
}

function isRefusal(error: unknown): boolean {
  return error instanceof OnejobError && error.code === "source-refused";
}

async function caught(
  failed: (error: unknown) => readonly GithubFinding[],
  check: () => Promise<readonly GithubFinding[]>,
): Promise<readonly GithubFinding[]> {
  try {
    return await check();
  } catch (error) {
    if (error instanceof CredentialError) throw error;
    return failed(error);
  }
}
