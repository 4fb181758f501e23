/** Of each profile on compute `docker`: its engine and its image. */
import type { Context } from "../context";
import { lazy } from "../lazy";
import type { CheckResult } from "./check";
import { loadedSettings } from "./config-checks";

export async function dockerChecks(context: Context): Promise<CheckResult[]> {
  const profiles = loadedSettings(context)?.profiles ?? [];
  const found = profiles.map(async ({ name, compute }) => {
    if (compute.kind !== "docker") return [];
    return [{ id: `docker-${name}`, ...(await lazy.dockerCheck().checkDocker(compute, context.io.env)) }];
  });
  return (await Promise.all(found)).flat();
}
