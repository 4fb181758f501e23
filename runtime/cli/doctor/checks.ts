import type { Check } from "./check";
import { configFile, listenPort } from "./config-checks";
import { dataFolder, diskSpace, tokenFile } from "./folder-checks";
import { isolation, nodeVersion } from "./machine-checks";
import { limits, reachable, ready, sameVersion } from "./server-checks";

/** In the order a person would ask. */
export const checks: readonly Check[] = [
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
