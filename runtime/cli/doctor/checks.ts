import type { Context } from "../context";
import type { Check, CheckResult } from "./check";
import { configFile, listenPort } from "./config-checks";
import { fleetName } from "../fleet/fleet";
import { dockerChecks } from "./docker-checks";
import { fleetChecks } from "./fleet-checks";
import { dataFolder, diskSpace, tokenFile } from "./folder-checks";
import { isolation, nodeVersion } from "./machine-checks";
import { limits, reachable, ready, sameVersion } from "./server-checks";
import { sourceChecks } from "./source-checks";

/** In the order a person would ask. */
const checks: readonly Check[] = [
  { id: "node", run: nodeVersion },
  { id: "config", run: configFile },
  { id: "data-folder", run: dataFolder },
  { id: "token", run: tokenFile },
  { id: "disk-space", run: diskSpace },
  { id: "port", run: listenPort },
  { id: "server", run: reachable },
  { id: "ready", run: ready },
  { id: "version", run: sameVersion },
  { id: "isolation", run: isolation },
  { id: "limits", run: limits },
];

/** One answer for each, and for each source and container profile of the config file. Of a fleet, where one is named. */
export async function diagnose(context: Context): Promise<CheckResult[]> {
  if (fleetName(context) !== undefined) return inTurn(fleetChecks, context);
  return [...(await inTurn(checks, context)), ...(await sourceChecks(context)), ...(await dockerChecks(context))];
}

async function inTurn(asked: readonly Check[], context: Context): Promise<CheckResult[]> {
  const results: CheckResult[] = [];
  for (const { id, run } of asked) results.push({ id, ...(await run(context)) });
  return results;
}
