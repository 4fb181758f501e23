/**
 * What `generate-jitconfig` hands out: base64 of a JSON object that holds the runner's configuration files, each base64
 * again. About as long as a real one, because some ways to hand it on have a limit.
 */
import type { Runner, Scope } from "./model";
import type { World } from "./world";
import { accountOf } from "./world";

const base64 = (text: string) => Buffer.from(text).toString("base64");

/** The files a configured runner has, by name. */
export function runnerFiles(runner: Runner, world: World): Readonly<Record<string, unknown>> {
  return {
    ".runner": {
      AgentId: String(runner.id),
      AgentName: runner.name,
      DisableUpdate: "true",
      Ephemeral: runner.ephemeral ? "True" : "False",
      PoolId: String(runner.groupId),
      PoolName: world.groupName(runner),
      ServerUrl: `${world.url}/_fake/listener/`,
      GitHubUrl: gitHubUrl(runner.scope, world),
      WorkFolder: runner.workFolder,
      UseV2Flow: "True",
      ServerUrlV2: `${world.url}/_fake/listener/`,
    },
    ".credentials": {
      Scheme: "OAuth",
      Data: {
        ClientId: world.ids.guid(),
        AuthorizationUrl: `${world.url}/_fake/listener/token`,
        RequireFipsCryptography: "True",
      },
    },
    // The place of the private key that a real runner signs in with: here the secret itself stands in `d`.
    ".credentials_rsaparams": {
      d: runner.secret,
      dp: world.ids.letters(172),
      dq: world.ids.letters(172),
      exponent: "AQAB",
      inverseQ: world.ids.letters(172),
      modulus: world.ids.letters(344),
      p: world.ids.letters(172),
      q: world.ids.letters(172),
    },
  };
}

export function encodeJitConfig(runner: Runner, world: World): string {
  const files = Object.entries(runnerFiles(runner, world));
  return base64(JSON.stringify(Object.fromEntries(files.map(([name, file]) => [name, base64(JSON.stringify(file))]))));
}

export function gitHubUrl(scope: Scope, { url }: World): string {
  return scope.kind === "repo" ? `${url}/${scope.repository.fullName}` : `${url}/${accountOf(scope).login}`;
}
