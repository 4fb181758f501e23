/** The folder with GitHub's runner program: one that is there, or one that is installed first. */
import { realpath } from "node:fs/promises";
import { join } from "node:path";
import type { ListenerSettings } from "../../core/settings";
import { installRunner } from "./install/install-runner";
import type { InstallParts } from "./install/install-runner";
import { ListenerRefusal } from "./listener-refusal";
import { listenerProgram, programProblem } from "./runner-program";

export interface FoundRunner {
  /** Without links on the way. */
  readonly folder: string;
  /** As people know it. */
  readonly origin: string;
}

/** Throws a `ListenerRefusal` that says what is wrong and how to mend it. */
export async function findRunner(settings: ListenerSettings, parts: InstallParts): Promise<FoundRunner> {
  if (!("path" in settings)) {
    const folder = await installRunner(settings, parts);
    return { folder, origin: folder };
  }
  const { path } = settings;
  const problem = await programProblem(path);
  if (problem === undefined) return { folder: await realpath(path), origin: path };
  const fix = "set sources[].runner.path to a folder that holds GitHub's runner, or remove it to have one installed";
  throw new ListenerRefusal("misconfigured", `${join(path, listenerProgram)} ${problem}; ${fix}`);
}
