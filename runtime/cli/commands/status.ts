import type { Command } from "commander";
import type { StatusView } from "../api-types";
import type { Context } from "../context";
import { exit } from "../exit";
import { counts, duration } from "../format";
import { facts } from "../render";
import type { Act } from "./command";
import { examples } from "./command";

export function status(program: Command, act: Act): void {
  program
    .command("status")
    .summary("show the server at a glance")
    .description("Shows the server at a glance: its version, jobs and runners by state, and how much waits.")
    .addHelpText("after", examples("onejob status", "onejob status --output json"))
    .action(act(run));
}

async function run(context: Context): Promise<number> {
  const now = await context.api.get<StatusView>("/api/v1/status");
  const { url, fleet } = await context.address();
  // Of a function it would be the time since its last cold start.
  const up = fleet === undefined ? `, up ${duration(now.uptimeMs)}` : "";
  context.emit(now, () =>
    facts([
      [fleet === undefined ? "server" : "fleet", `${fleet ?? url.origin}, version ${now.version}${up}`],
      ["intake", now.draining ? "draining: takes no new jobs (onejob drain --resume)" : "open"],
      ["jobs", counts(now.jobs)],
      ["runners", counts(now.runners)],
      ["queue", `${now.queueDepth} messages`],
      ["profiles", now.profiles],
    ]),
  );
  return exit.ok;
}
