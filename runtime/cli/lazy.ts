/**
 * Modules that only some commands need. They are loaded at the first call, so that `onejob list` does not pay for the
 * server. `createRequire` instead of `import()`: in this CommonJS package the latter would load ES modules only.
 */
import { createRequire } from "node:module";
import type * as Https from "node:https";
import type * as ReadLine from "node:readline";
import type * as Yaml from "yaml";
import type * as ConfigFile from "../entry/local/config-file";
import type * as DockerCheck from "../entry/local/docker-check";
import type * as GithubApi from "../entry/local/github-api";
import type * as Serve from "../entry/local/serve";
import type * as SourceChecks from "../entry/local/source-checks";
import type * as DeadLetters from "./fleet/dead-letters";
import type * as Machines from "./fleet/machines";
import type * as FleetParameters from "./fleet/parameters";
import type * as Session from "./fleet/session";
import type * as HeldBundle from "./held-bundle";
import type * as Init from "./init/run-init";
import type * as Pack from "./pack";

const load = createRequire(__filename);

export const lazy = {
  https: () => load("node:https") as typeof Https,
  readline: () => load("node:readline") as typeof ReadLine,
  yaml: () => load("yaml") as typeof Yaml,
  configFile: () => load("../entry/local/config-file") as typeof ConfigFile,
  serve: () => load("../entry/local/serve") as typeof Serve,
  dockerCheck: () => load("../entry/local/docker-check") as typeof DockerCheck,
  githubApi: () => load("../entry/local/github-api") as typeof GithubApi,
  sourceChecks: () => load("../entry/local/source-checks") as typeof SourceChecks,
  fleetParameters: () => load("./fleet/parameters") as typeof FleetParameters,
  deadLetters: () => load("./fleet/dead-letters") as typeof DeadLetters,
  machines: () => load("./fleet/machines") as typeof Machines,
  session: () => load("./fleet/session") as typeof Session,
  heldBundle: () => load("./held-bundle") as typeof HeldBundle,
  init: () => load("./init/run-init") as typeof Init,
  pack: () => load("./pack") as typeof Pack,
};
