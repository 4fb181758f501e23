/** Self-hosted runners of a repository or an organisation, and runner groups. */
import type { TokenAccess } from "../access";
import { encodeJitConfig } from "../jit-config";
import type { Level, Runner } from "../model";
import { requestProblem } from "../openapi";
import { isoTime } from "../payloads/account";
import { groupJson, runnerJson } from "../payloads/runner";
import { notFound, Refusal } from "../reply";
import type { Call, Route } from "../route";
import { pageOf, scopeOf } from "../route";
import { busyRefusal, register } from "../runners";
import type { World } from "../world";
import { isSameScope } from "../world";

type Prefix = "/orgs/{org}" | "/repos/{owner}/{repo}";

interface JitRequest {
  readonly name: string;
  readonly runner_group_id: number;
  readonly labels: readonly string[];
  readonly work_folder?: string;
}

/** `remove` ends a runner's registration and tells its listener. */
export function runnerRoutes(world: World, remove: (runner: Runner) => void): Route[] {
  const both = (["/orgs/{org}", "/repos/{owner}/{repo}"] as const).flatMap((prefix) => [
    ...registering(world, prefix),
    ...known(world, { prefix, remove }),
  ]);
  return [...both, groups(world)];
}

function accessOf(prefix: Prefix, level: Level): TokenAccess {
  return prefix === "/orgs/{org}"
    ? { by: "token", permission: "organization_self_hosted_runners", level, scope: "admin:org", admin: true }
    : { by: "token", permission: "administration", level, scope: "repo", admin: true };
}

function registering(world: World, prefix: Prefix): Route[] {
  const jit: Route = {
    method: "POST",
    template: `${prefix}/actions/runners/generate-jitconfig`,
    access: accessOf(prefix, "write"),
    handle: (call) => {
      const problem = requestProblem({ ...jit, body: call.body });
      if (problem !== null) throw new Refusal(422, `Invalid request.\n\n${problem}.`);
      const { name, runner_group_id: groupId, labels, work_folder: workFolder } = call.body as JitRequest;
      const kind = { ephemeral: true, jit: true, workFolder };
      const runner = register(world, { scope: scopeOf(call), name, groupId, labels, ...kind });
      return {
        status: 201,
        body: { runner: runnerJson(runner, world), encoded_jit_config: encodeJitConfig(runner, world) },
      };
    },
  };
  const token: Route = {
    method: "POST",
    template: `${prefix}/actions/runners/registration-token`,
    access: accessOf(prefix, "write"),
    handle: (call) => {
      const made = {
        token: world.ids.letters(29).toUpperCase(),
        scope: scopeOf(call),
        expiresAt: world.now() + 3_600_000,
      };
      world.registrationTokens.set(made.token, made);
      return { status: 201, body: { token: made.token, expires_at: isoTime(made.expiresAt) } };
    },
  };
  return hasJit(world) ? [jit, token] : [token];
}

/** Enterprise Server has it since 3.10. */
function hasJit({ options: { installedVersion } }: World): boolean {
  if (installedVersion === undefined) return true;
  const [major = 0, minor = 0] = installedVersion.split(".").map(Number);
  return major > 3 || (major === 3 && minor >= 10);
}

function known(world: World, { prefix, remove }: { prefix: Prefix; remove: (runner: Runner) => void }): Route[] {
  return [
    {
      method: "GET",
      template: `${prefix}/actions/runners`,
      access: accessOf(prefix, "read"),
      handle: (call) => {
        const name = call.url.searchParams.get("name");
        const all = world.runnersOf(scopeOf(call)).filter((runner) => name === null || runner.name === name);
        const { items, headers } = pageOf(call, all);
        const runners = items.map((runner) => runnerJson(runner, world));
        return { status: 200, body: { total_count: all.length, runners }, headers };
      },
    },
    {
      method: "GET",
      template: `${prefix}/actions/runners/{runner_id}`,
      access: accessOf(prefix, "read"),
      handle: (call) => ({ status: 200, body: runnerJson(runnerOf(call, world), world) }),
    },
    {
      method: "DELETE",
      template: `${prefix}/actions/runners/{runner_id}`,
      access: accessOf(prefix, "write"),
      handle: (call) => {
        const runner = runnerOf(call, world);
        // The truth counts here, not the flag that is shown.
        if (runner.job !== null || runner.spent) throw busyRefusal(runner);
        remove(runner);
        return { status: 204 };
      },
    },
  ];
}

function runnerOf(call: Call, world: World): Runner {
  const runner = world.runners.get(Number(call.params.runner_id));
  if (runner === undefined || !isSameScope(runner.scope, scopeOf(call))) throw notFound();
  return runner;
}

function groups(world: World): Route {
  return {
    method: "GET",
    template: "/orgs/{org}/actions/runner-groups",
    access: accessOf("/orgs/{org}", "read"),
    handle: (call) => {
      const all = call.organization === null ? [] : world.groupsOf(call.organization);
      const { items, headers } = pageOf(call, all);
      return {
        status: 200,
        body: { total_count: all.length, runner_groups: items.map((group) => groupJson(group, world)) },
        headers,
      };
    },
  };
}
