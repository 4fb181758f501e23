/** Makes the machines of one launch, has each told whose it is, and answers in time what became of each runner's. */
import { OnejobError } from "../../core/errors";
import { LaunchRefusal } from "../../core/launch-refusal";
import type { LaunchRequest, MachineOutcome } from "../../core/ports";
import { apiError } from "./failures";
import { fill } from "./fill";
import type { Host } from "./host";
import { Pairs, writePairs } from "./pairing";
import type { Refusal } from "./refusal";
import { terminateMachines } from "./terminate";

/**
 * No call of a launch goes on for longer, whatever is still to be done: whoever launched waits 30 s, and then makes it
 * again.
 */
export const longestLaunchMs = 25_000;

export async function launchMachines(patient: Host, request: LaunchRequest): Promise<readonly MachineOutcome[]> {
  const host = { ...patient, until: patient.clock.now() + longestLaunchMs };
  const runners = request.machines.map(({ runner }) => runner);
  const granted = grantedOf(request, host);
  const pairs = new Pairs(runners.slice(0, granted));
  const refusal = await fill(pairs, request, host).catch((error: unknown): Refusal => {
    if (!(error instanceof LaunchRefusal)) throw error;
    return { outcome: error.outcome, detail: error.message };
  });
  host.budget.giveBack(pairs.missing.length);
  const untold = await writePairs(host, pairs);
  await endUntold(
    host,
    [...untold.keys()].flatMap((runner) => pairs.machineOf(runner) ?? []),
  );
  const put = putOff(runners.length - granted, host);
  return runners.map((runner, index): MachineOutcome => {
    const [machine, refused] = [pairs.machineOf(runner), untold.get(runner)];
    if (refused !== undefined) return { runner, outcome: refused.outcome, detail: refused.message };
    if (machine !== undefined) return { runner, outcome: "launched", machine };
    return { runner, ...(index < granted ? refusal : put) };
  });
}

/** What was asked for before may be there: none of it is put off before that is known. */
function grantedOf({ machines, repeated }: LaunchRequest, { budget }: Host): number {
  return repeated === true ? budget.takeAll(machines.length) : budget.take(machines.length);
}

function putOff(count: number, { budget }: Host): Refusal {
  const detail = `more machines at once than this process may ask EC2 for, which limits how many are made; this passes`;
  return { outcome: "throttled", detail, retryAt: budget.nextAt(count) };
}

/**
 * A machine that does not say whose it is could never prove it, and once the launch is answered it is in no count. Throws
 * when it may run on for a reason that passes: the launch stays open then, and is made again.
 */
async function endUntold(host: Host, machines: readonly string[]): Promise<void> {
  if (machines.length === 0) return;
  try {
    await terminateMachines(host, machines);
  } catch (error) {
    if (apiError(error instanceof OnejobError ? error.cause : error).kind !== "config") throw error;
    host.log.error("machines of nobody could not be ended, the sweep ends them", { machines, error });
  }
}
