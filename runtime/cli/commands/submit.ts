import type { Command } from "commander";
import { randomUUID } from "node:crypto";
import type { JobView } from "../api-types";
import type { Context } from "../context";
import { exit, jobExit } from "../exit";
import { followLog } from "../follow";
import { Interrupts } from "../interrupts";
import type { SubmitOptions } from "../job-spec";
import { jobSpec } from "../job-spec";
import { sendJob } from "../send-job";
import { announceWaiting, endReason } from "../waiting";
import type { Act } from "./command";
import { collect, examples } from "./command";

export function submit(program: Command, act: Act): void {
  program
    .command("submit")
    .summary("run a command on a machine of its own")
    .description(
      "Packs the working folder, sends it with the command, streams the output and exits with the command's own code.\n" +
        "Exit codes besides: 128+n killed by signal n, 124 time-out, 125 Onejob failed, 130 cancelled.\n" +
        "Ctrl-C cancels the job and waits for its end; a second one leaves at once.",
    )
    .option("-l, --label <label>", "a label its profile must have; repeatable, or a comma list", collect)
    .option("-p, --profile <name>", "the profile to run on, past the labels")
    .option("-e, --env <K=V>", "a variable for the command; K alone takes its value from here; repeatable", collect)
    .option("-t, --timeout <duration>", 'how long it may run, e.g. "10m"')
    .option("--retries <n>", "further tries when it fails or its machine is lost")
    .option("--dir <folder>", "the folder to send; what .gitignore names stays here", ".")
    .option("--include-git", "send the .git folder too")
    .option("-d, --detach", "print the job and leave (its id alone with --quiet)")
    .option("-n, --name <name>", "a name to find it by")
    .argument("[command...]", "the command, after --, taken as it is")
    .addHelpText(
      "after",
      examples(
        "onejob submit -- make test",
        "onejob submit --label linux,large --timeout 10m -- npm test",
        "onejob submit --env CI=1 --env TOKEN --detach --quiet -- ./deploy.sh",
      ),
    )
    .action(act(run));
}

async function run(context: Context, command: readonly string[], options: SubmitOptions): Promise<number> {
  const spec = jobSpec(command, options, context.io.env);
  const interrupts = new Interrupts(context);
  const { signal } = interrupts;
  try {
    const onComplete = (): void => interrupts.mayExist();
    const job = await sendJob(context, { spec, options, idempotencyKey: randomUUID(), signal, onComplete });
    if (job === null) return exit.cancelled;
    interrupts.exists(job);
    return options.detach ? detach(context, job) : await wait(context, job, signal);
  } finally {
    interrupts.end();
  }
}

function detach(context: Context, job: JobView): number {
  if (context.options.quiet && context.options.output === "table") context.print(`${job.id}\n`);
  else context.emit(job, () => `${job.key}\n`);
  return exit.ok;
}

async function wait(context: Context, job: JobView, signal: AbortSignal): Promise<number> {
  context.say(`onejob: job ${job.id}`);
  const waiting = new AbortController();
  signal.addEventListener("abort", () => waiting.abort());
  void announceWaiting(context, job, waiting.signal);
  try {
    const ended = await followLog(context, { job: job.key, signal, onOutput: () => waiting.abort() });
    if (ended === null) return exit.cancelled;
    const code = jobExit(ended);
    if (code !== exit.ok) context.io.stderr.write(await endReason(context, ended));
    return code;
  } catch (error) {
    context.say(`onejob: the job goes on without us: onejob logs -f ${job.id}`);
    throw error;
  } finally {
    waiting.abort();
  }
}
