import type { Command } from "commander";
import type { Context } from "../context";
import { exit } from "../exit";
import type { Act } from "./command";
import { examples, usage } from "./command";

interface DrainOptions {
  readonly all?: boolean;
  readonly now?: boolean;
  readonly resume?: boolean;
}

export function drain(program: Command, act: Act): void {
  program
    .command("drain")
    .summary("take no new jobs, and let runners finish")
    .description(
      "Stops the intake of jobs: runners finish what they run, then leave.\n" +
        "Until --resume, submit is refused and jobs of forges wait.\n" +
        "For one runner: onejob runners drain ID.",
    )
    .option("--all", "all profiles and runners (this is the default)")
    .option("--now", "stop running jobs too")
    .option("--resume", "take jobs again")
    .addHelpText("after", examples("onejob drain", "onejob drain --now", "onejob drain --resume"))
    .action(act(run));
}

async function run(context: Context, { now, resume }: DrainOptions): Promise<number> {
  if (now && resume) throw usage("--now and --resume contradict each other; give one of them");
  await context.api.post("/api/v1/drain", { now: now ?? false, resume: resume ?? false });
  context.say(
    resume ? "onejob: the server takes jobs again" : "onejob: the server takes no new jobs; see onejob status",
  );
  return exit.ok;
}
