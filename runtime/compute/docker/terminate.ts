/** Ends one machine: killed and removed with its volumes. Gone already, or going: fine. */
import { setTimeout as sleep } from "node:timers/promises";
import { OnejobError } from "../../core/errors";
import { allOf } from "../../core/settled";
import type { Engine } from "./engine";
import { isEngineError } from "./engine-error";
import type { Host } from "./host";
import { containerName, machineMark } from "./labels";

/** Whichever engine has it. Throws when one could not be asked, for then it may be there. */
export async function terminateMachine(host: Host, machine: string): Promise<void> {
  const engines = await host.engines.all();
  const asked = await Promise.allSettled(engines.map(({ engine }) => endOn(engine, machine, host)));
  const isFound = asked.some((result) => result.status === "fulfilled" && result.value === "ended");
  // One that no profile names any more may be gone for good.
  const needed = asked.filter((_, index) => engines[index]?.isConfigured === true);
  if (!isFound) allOf(needed, "the end of a machine");
}

async function endOn(engine: Engine, machine: string, { home, log }: Host): Promise<"ended" | "absent"> {
  const standing = await engine.container(containerName(machine));
  if (standing === undefined || machineMark(standing.labels, home) === undefined) return "absent";
  await removeContainer(engine, standing.id);
  log.info("container removed", { runner: machine, container: standing.id.slice(0, 12) });
  return "ended";
}

const lookEveryMs = 200;
const mostLooks = 300;

/** Resolves when it is gone. */
export async function removeContainer(engine: Engine, id: string): Promise<void> {
  // First, because some engines would ask politely before they remove by force. It may be dead or gone already.
  await engine.kill(id).catch(ignoreRefused);
  for (let look = 1; ; look++) {
    const refused = await engine.remove(id).then(() => undefined, ignoreRefused);
    if ((await engine.container(id)) === undefined) return;
    // Somebody else is removing it, or a process of it does not die yet.
    if (look < mostLooks) await sleep(lookEveryMs);
    else throw new OnejobError("internal", `container ${id} is not removed: ${refused?.message ?? "it stays"}`);
  }
}

function ignoreRefused(error: unknown): Error {
  if (isEngineError(error, "absent", "conflict", "refused", "failed")) return error;
  throw error;
}
