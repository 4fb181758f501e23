/** Registering runners and taking them out again. */
import type { Runner, Scope } from "./model";
import { Refusal } from "./reply";
import type { World } from "./world";

export interface Registration {
  readonly scope: Scope;
  readonly name: string;
  readonly groupId: number;
  readonly labels: readonly string[];
  readonly ephemeral: boolean;
  readonly jit: boolean;
  readonly workFolder?: string | undefined;
}

/** Throws the published refusals: 422 for a bad name, 409 for a used one, 404 or 422 for a wrong group. */
export function register(world: World, registration: Registration): Runner {
  const { scope, name, groupId, labels, ephemeral, jit } = registration;
  if (name.trim() === "" || name.length > 64) {
    throw new Refusal(422, "Bad request - Runner name must be between 1 and 64 characters.");
  }
  checkGroup(world, { scope, groupId });
  if (world.runnersOf(scope).some((other) => other.name.toLowerCase() === name.toLowerCase())) {
    throw new Refusal(409, `Already exists - A runner with the name ${name} already exists.`);
  }
  const runner: Runner = {
    id: world.ids.number("runner"),
    name,
    scope,
    groupId,
    labels: [...new Map(labels.map((label) => [label.toLowerCase(), label])).values()],
    ephemeral,
    secret: world.ids.letters(64),
    createdAt: world.now(),
    jit,
    workFolder: registration.workFolder ?? "_work",
    used: false,
    version: null,
    os: "unknown",
    job: null,
    online: false,
    spent: false,
    shown: { busy: false, online: false, until: 0 },
  };
  world.runners.set(runner.id, runner);
  world.moved();
  world.options.time.after(world.options.unusedRunnerMs, () => {
    if (!runner.used) world.runners.delete(runner.id);
  });
  return runner;
}

function checkGroup(world: World, { scope, groupId }: Pick<Registration, "scope" | "groupId">): void {
  if (scope.kind === "repo") {
    if (groupId === 1) return;
    throw new Refusal(422, "Bad request - Runner groups are not available for repositories; use the default group, 1.");
  }
  if (!world.groupsOf(scope.account).some(({ id }) => id === groupId)) throw new Refusal(404, "Not Found");
}

/** Changes what the API shows of a runner, which may go on showing the old for a while. */
export function changeRunner(
  world: World,
  { runner, to }: { readonly runner: Runner; readonly to: Partial<Pick<Runner, "job" | "online" | "spent">> },
): void {
  const { flagLagMs } = world.options;
  const before = { busy: runner.job !== null || runner.spent, online: runner.online };
  Object.assign(runner, to);
  world.moved();
  if (flagLagMs > 0) runner.shown = { ...before, until: world.now() + flagLagMs };
}

export function busyRefusal(runner: Runner): Refusal {
  return new Refusal(422, `Bad request - Runner "${runner.name}" is currently running a job and cannot be deleted.`);
}
