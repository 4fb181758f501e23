/** Everything there is to fuzz. */
import { anyTarget } from "../target";
import { agent } from "./agent";
import { bundle } from "./bundle";
import { cli } from "./cli";
import { config } from "./config";
import { http } from "./http";
import { webhook } from "./webhook";

export const targets = [
  anyTarget(webhook),
  anyTarget(agent),
  anyTarget(http),
  anyTarget(bundle),
  anyTarget(config),
  anyTarget(cli),
];
