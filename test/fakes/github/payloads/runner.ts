/** Runners, runner groups and registrations as GitHub writes them. */
import type { Runner, RunnerGroup } from "../model";
import type { World } from "../world";
import type { Json } from "./account";

const builtIn = ["self-hosted", "linux", "windows", "macos", "x64", "arm", "arm64"];

/** `busy` and `status` may lag behind the truth. */
export function runnerJson(runner: Runner, world: World): Json {
  const lags = world.now() < runner.shown.until;
  const busy = lags ? runner.shown.busy : runner.job !== null || runner.spent;
  const online = lags ? runner.shown.online : runner.online;
  return {
    id: runner.id,
    name: runner.name,
    os: runner.os,
    status: online ? "online" : "offline",
    busy,
    ephemeral: runner.ephemeral,
    labels: runner.labels.map((name, index) => labelJson(name, index)),
    runner_group_id: runner.groupId,
    ...(runner.version === null ? {} : { version: runner.version }),
  };
}

function labelJson(name: string, index: number): Json {
  const place = builtIn.indexOf(name.toLowerCase());
  return place < 0 ? { id: 100 + index, name, type: "custom" } : { id: place + 5, name, type: "read-only" };
}

export function groupJson(group: RunnerGroup, { apiUrl }: World): Json {
  const url = `${apiUrl}/orgs/${group.organization.login}/actions/runner-groups/${group.id}`;
  return {
    id: group.id,
    name: group.name,
    visibility: group.visibility,
    default: group.isDefault,
    ...(group.visibility === "selected" ? { selected_repositories_url: `${url}/repositories` } : {}),
    runners_url: `${url}/runners`,
    hosted_runners_url: `${url}/hosted-runners`,
    inherited: false,
    allows_public_repositories: group.allowsPublicRepositories,
    restricted_to_workflows: false,
    selected_workflows: [],
    workflow_restrictions_read_only: false,
  };
}
