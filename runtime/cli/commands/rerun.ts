import type { Command } from "commander";
import { apiSource } from "../../core/api-source";
import type { JobView } from "../api-types";
import { jobPath } from "../api-types";
import type { Context } from "../context";
import { exit } from "../exit";
import type { Act } from "./command";
import { examples, jobArgument } from "./command";

export function rerun(program: Command, act: Act): void {
  program
    .command("rerun")
    .summary("run a job that has ended once more")
    .description("Makes a new job like one that has ended, and prints it (its id alone with --quiet).")
    .argument("<job>", jobArgument)
    .addHelpText("after", examples("onejob rerun 01jxyz", "onejob logs -f $(onejob rerun --quiet 01jxyz)"))
    .action(act(run));
}

async function run(context: Context, id: string): Promise<number> {
  const job = await context.api.post<JobView>(jobPath(id, "/rerun"));
  if (job.source !== apiSource)
    context.say("onejob: the forge was asked to run it again; it comes back as a new job, once the forge allows it");
  context.emit(job, () => (context.options.quiet ? `${job.id}\n` : `${job.key}\n`));
  return exit.ok;
}
