/** What `Pulumi.<stack>.yaml` says, as the arguments of a fleet: every key of the project, under the name it has there. */
import * as pulumi from "@pulumi/pulumi";
import type { RunnerFleetArgs } from "../components";

/** Not checked here: the fleet tells everything that is wrong at once, unknown keys among it. */
export function stackArgs(): RunnerFleetArgs {
  const prefix = `${pulumi.getProject()}:`;
  const own = Object.entries(pulumi.runtime.allConfig()).filter(([key]) => key.startsWith(prefix));
  const args: Record<string, unknown> = {};
  for (const [key, text] of own) args[key.slice(prefix.length)] = valueOf(text);
  return args as Partial<RunnerFleetArgs> as RunnerFleetArgs;
}

/** The engine hands over structures, numbers and switches as JSON, texts as they are. */
function valueOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
